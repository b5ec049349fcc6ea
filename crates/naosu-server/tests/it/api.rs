//! The API: what each route answers, who may ask, and what webhooks are told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use naosu_server::{Policy, Role};
use serde_json::{Value, json};

use self::server::{Receiver, Server};

mod server;
mod whole;

/// A new case; its secret and the answer.
async fn opened(server: &Server, body: &Value) -> (String, Value) {
    let answer = server.post("/api/v1/cases", "", body).await.ok(201);
    (answer["secret"].as_str().unwrap().to_owned(), answer)
}

#[tokio::test]
async fn a_case_is_carried_on_by_whoever_has_its_secret() {
    let server = Server::start(Policy::Public).await;
    for (lang, words, kana) in [("ja", "メールを取得できません", true), ("en", "Cannot Get Mail", false)]
    {
        let (secret, answer) =
            opened(&server, &json!({ "words": words, "device": "iphone", "lang": lang })).await;
        assert_eq!(answer["link"], format!("https://naosu.example.jp/c/{secret}"));
        assert_eq!(answer["case"]["state"], "open");
        assert_eq!((&answer["case"]["lang"], &answer["case"]["words"]), (&json!(lang), &json!(words)));

        // in the path and in the header, the same case
        let own = format!("Authorization: Case {secret}\r\n");
        let step = server.get(&format!("/api/v1/cases/{secret}/step"), "").await;
        assert_eq!(step.field("etag"), Some("\"1\""));
        let step = step.ok(200);
        assert_eq!(server.get("/api/v1/cases/own/step", &own).await.ok(200), step);
        let title = step["step"]["title"].as_str().unwrap();
        assert_eq!(title.chars().any(|c| ('ぁ'..='ヿ').contains(&c)), kana, "{title}");

        let answer = json!({ "at": step["at"], "answer": "unknown" });
        let next = server.post("/api/v1/cases/own/answers", &own, &answer).await.ok(200);
        assert_eq!(next["at"], 2);
        assert_ne!(next["step"]["id"], step["step"]["id"]);
        // the same answer again is one to an older step
        assert_eq!(server.post("/api/v1/cases/own/answers", &own, &answer).await.problem(409), "went_on");
        let wrong = json!({ "at": 2, "answer": "no such option" });
        assert_eq!(server.post("/api/v1/cases/own/answers", &own, &wrong).await.problem(409), "no_answer");

        let back = server.post("/api/v1/cases/own/back", &own, &json!({ "at": 2 })).await.ok(200);
        assert_eq!((&back["at"], &back["step"]), (&json!(3), &step["step"]));
        let history = server.get("/api/v1/cases/own/events?from=1&limit=1", &own).await.ok(200);
        assert_eq!(history["at"], 3);
        assert_eq!(history["events"].as_array().unwrap().len(), 1);
        assert_eq!(history["events"][0]["index"], 1);

        let stopped = server.post("/api/v1/cases/own/stop", &own, &json!({ "at": 3 })).await.ok(200);
        assert_eq!(stopped["closed"], json!({ "resolved": false, "cause": null }));
        assert_eq!(server.get("/api/v1/cases/own", &own).await.ok(200)["state"], "unresolved");
        assert_eq!(
            server.post("/api/v1/cases/own/stop", &own, &json!({ "at": 4 })).await.problem(409),
            "refused"
        );

        let package = server.get("/api/v1/cases/own/package", &own).await.ok(200);
        assert_eq!(package["schema"], "naosu.package/1");
        assert_eq!(package["events"].as_array().unwrap().len(), 4);
        assert_eq!(server.say("DELETE", "/api/v1/cases/own", &own, "").await.status, 204);
        assert_eq!(server.get(&format!("/api/v1/cases/{secret}"), "").await.problem(404), "no_such_case");
        assert_eq!(server.get("/api/v1/cases/own", &own).await.problem(401), "unknown");
    }
}

#[tokio::test]
async fn the_language_can_be_changed_on_the_way() {
    let server = Server::start(Policy::Public).await;
    let (secret, _) = opened(&server, &json!({ "words": "Cannot Get Mail", "lang": "en" })).await;
    let before = server.get(&format!("/api/v1/cases/{secret}/step"), "").await.ok(200);
    let path = format!("/api/v1/cases/{secret}/language");
    let kind = "Content-Type: application/json\r\n";
    let after = server.say("PUT", &path, kind, r#"{"lang":"ja"}"#).await.ok(200);
    assert_eq!(after["step"]["id"], before["step"]["id"]);
    assert_ne!(after["step"]["title"], before["step"]["title"]);
    assert_eq!(server.say("PUT", &path, kind, r#"{"lang":"fr"}"#).await.problem(422), "invalid");
}

#[tokio::test]
async fn of_two_answers_at_once_one_is_taken() {
    let server = Server::start(Policy::Public).await;
    let (secret, _) = opened(&server, &json!({ "words": "Cannot Get Mail" })).await;
    let path = format!("/api/v1/cases/{secret}/answers");
    let answer = json!({ "at": 1, "answer": "unknown" });
    let (one, other) = tokio::join!(server.post(&path, "", &answer), server.post(&path, "", &answer));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn what_is_not_as_described_is_a_problem_in_the_language_that_was_asked_for() {
    let server = Server::start(Policy::Public).await;
    let json_kind = "Content-Type: application/json\r\n";
    for (body, status, name) in [
        ("{", 400, "malformed"),
        ("[]", 422, "invalid"),
        (r#"{"words": 1}"#, 422, "invalid"),
        (r#"{"unknown": "x"}"#, 422, "invalid"),
        (r#"{"device": "toaster"}"#, 422, "invalid"),
        (r#"{"address": "not an address"}"#, 422, "invalid"),
    ] {
        assert_eq!(
            server.say("POST", "/api/v1/cases", json_kind, body).await.problem(status),
            name,
            "{body}"
        );
    }
    let long = json!({ "words": "あ".repeat(4001) });
    assert_eq!(server.post("/api/v1/cases", "", &long).await.problem(422), "invalid");
    let large = json!({ "words": "x".repeat(300_000) });
    assert_eq!(server.post("/api/v1/cases", "", &large).await.problem(413), "too_large");
    assert_eq!(
        server.say("POST", "/api/v1/cases", "Content-Type: text/plain\r\n", "{}").await.problem(415),
        "media_type"
    );
    assert_eq!(server.say("POST", "/api/v1/cases", "", "{}").await.problem(415), "media_type");
    let foreign = "Content-Type: application/json\r\nOrigin: https://evil.example\r\n";
    assert_eq!(server.say("POST", "/api/v1/cases", foreign, "{}").await.problem(403), "foreign");
    let method = server.say("PATCH", "/api/v1/cases", "", "").await;
    assert!(method.field("allow").unwrap().contains("POST"), "{method:?}");
    assert_eq!(method.problem(405), "method");
    assert_eq!(server.get("/api/v1/nothing", "").await.problem(404), "nothing");
    assert_eq!(server.get("/api/v1/cases/own/events?limit=0", "").await.problem(401), "unknown");

    let title = async |lang: &str| {
        let answer = server.get("/api/v1/nothing", &format!("Accept-Language: {lang}\r\n")).await;
        answer.json()["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(title("en").await, "There is nothing here.");
    assert_eq!(title("ja").await, "ここには何もありません。");
}

#[tokio::test]
async fn tokens_open_what_their_role_allows_and_nothing_once_revoked() {
    let server = Server::start(Policy::Public).await;
    let (helper, administrator) = (server.token(Role::Helper).await, server.token(Role::Administrator).await);
    let (secret, answer) = opened(&server, &json!({ "words": "Cannot Get Mail" })).await;
    let path = format!("/api/v1/cases/{}", answer["case"]["id"]);
    assert_eq!(server.get(&path, "").await.problem(401), "unknown");
    assert_eq!(server.get(&path, &format!("Authorization: Case {secret}\r\n")).await.problem(401), "unknown");
    assert_eq!(
        server.get(&path, "Authorization: Bearer naosu_AAAAAAAAAAAAAAAAAAAAAA\r\n").await.problem(401),
        "unknown"
    );
    assert_eq!(server.get(&path, &helper).await.ok(200)["words"], "Cannot Get Mail");
    assert_eq!(server.get("/api/v1/cases/999999", &helper).await.problem(404), "no_such_case");

    assert_eq!(server.get("/api/v1/tokens", &helper).await.problem(403), "forbidden");
    let unknown = server.get("/api/v1/tokens", "").await;
    assert!(unknown.field("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
    let wanted = json!({ "name": "shop", "role": "helper", "days": 7 });
    let made = server.post("/api/v1/tokens", &administrator, &wanted).await.ok(201);
    let mine = format!("Authorization: Bearer {}\r\n", made["secret"].as_str().unwrap());
    let days = made["token"]["expires_at"].as_i64().unwrap() - made["token"]["made_at"].as_i64().unwrap();
    assert_eq!(days, 7 * 86_400);
    assert_eq!(server.get(&path, &mine).await.status, 200);
    let list = server.get("/api/v1/tokens", &administrator).await;
    assert!(!list.text.contains("naosu_"), "{list:?}");
    assert_eq!(list.json().as_array().unwrap().len(), 3);
    let token = format!("/api/v1/tokens/{}", made["token"]["id"]);
    assert_eq!(server.say("DELETE", &token, &administrator, "").await.status, 204);
    assert_eq!(server.say("DELETE", &token, &administrator, "").await.problem(404), "nothing");
    assert_eq!(server.get(&path, &mine).await.problem(401), "unknown");
}

#[tokio::test]
async fn words_are_recognised_and_evidence_is_diagnosed_without_a_case() {
    let server = Server::start(Policy::Public).await;
    for (words, lang) in [("メールを取得できません", "ja"), ("Cannot Get Mail", "en")] {
        let said = server.post("/api/v1/ask", "", &json!({ "words": words, "lang": lang })).await.ok(200);
        assert_eq!(said["symptom"][0]["id"], "cannot_receive", "{said}");
        assert!(said["next"]["title"].is_string());
    }
    let folder =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/certificate_self_signed/evidence.json");
    let text = std::fs::read_to_string(folder).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    let report = server.post("/api/v1/diagnose?lang=ja", "", &evidence).await.ok(200);
    assert_eq!(report["diagnosis"]["causes"][0]["id"], "cert_untrusted");
    assert_eq!(server.post("/api/v1/diagnose", "", &json!({ "schema": "x" })).await.problem(422), "invalid");

    let (secret, _) = opened(&server, &json!({ "lang": "en" })).await;
    let given = json!({ "at": 1, "evidence": evidence });
    let path = format!("/api/v1/cases/{secret}/evidence");
    assert_eq!(server.get(&path, "").await.ok(200)["evidence"], Value::Null);
    let next = server.post(&path, "", &given).await.ok(200);
    assert_eq!(next["step"]["addresses"][0], "cert_untrusted", "{next}");
    assert_eq!(server.get(&path, "").await.ok(200)["evidence"], given["evidence"]);
    assert_eq!(server.post(&path, "", &given).await.problem(409), "went_on");
}

#[tokio::test]
async fn the_knowledge_can_be_read_in_both_languages() {
    let server = Server::start(Policy::Public).await;
    for list in ["causes", "symptoms", "actions"] {
        let all = server.get(&format!("/api/v1/knowledge/{list}"), "").await.ok(200);
        let first = &all.as_array().unwrap()[0];
        let name = if list == "actions" { &first["title"] } else { &first["name"] };
        assert!(name["en"].is_string() && name["ja"].is_string(), "{first}");
        let path = format!("/api/v1/knowledge/{list}/{}", first["id"].as_str().unwrap());
        assert_eq!(server.get(&path, "").await.ok(200)["id"], first["id"]);
        assert_eq!(
            server.get(&format!("/api/v1/knowledge/{list}/no_such"), "").await.problem(404),
            "nothing"
        );
    }
    let path = "/api/v1/knowledge/actions/restart_device";
    let of = async |device: &str| server.get(&format!("{path}?device={device}"), "").await;
    let (iphone, toaster) = (of("iphone").await, of("toaster").await);
    assert_eq!(toaster.problem(400), "parameter");
    let steps = iphone.ok(200);
    assert!(!steps["instructions"]["en"].as_array().unwrap().is_empty());
    assert!(!steps["instructions"]["ja"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_document_describes_every_route_and_needs_no_sign_in() {
    let server = Server::start(Policy::Public).await;
    let answer = server.get("/api/openapi.json", "").await;
    assert_eq!(answer.field("content-type"), Some("application/json"));
    let document = answer.ok(200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            operations += 1;
            for (status, response) in operation["responses"].as_object().unwrap() {
                let problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(problem, status.starts_with(['4', '5']) && status != "408", "{operation}");
            }
        }
    }
    assert!(operations >= 53, "{operations}");
    // every reference leads somewhere
    let mut rest = answer.text.as_str();
    while let Some((_, after)) = rest.split_once("\"#/components/schemas/") {
        let (name, after) = after.split_once('"').unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
        rest = after;
    }
}

#[tokio::test]
async fn webhooks_are_told_signed_and_without_anything_personal() {
    let server = Server::start(Policy::Open).await;
    let administrator = server.token(Role::Administrator).await;
    // the first attempt is refused, and made again
    let mut receiver = Receiver::start(&[500, 204]).await;
    let wanted = json!({ "url": receiver.url, "events": ["case.opened", "case.resolved"] });
    let made = server.post("/api/v1/webhooks", &administrator, &wanted).await.ok(201);
    let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    let body = json!({ "words": "geheim hanako@example.jp", "address": "hanako@example.jp", "lang": "ja" });
    let (link, answer) = opened(&server, &body).await;

    let (first, again) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.field("webhook-id"), again.field("webhook-id"));
    assert_eq!(first.body, again.body);
    for told in [&first, &again] {
        let signed =
            format!("{}.{}.{}", told.field("webhook-id"), told.field("webhook-timestamp"), told.body);
        let mut mac = <Hmac<sha2::Sha256> as Mac>::new_from_slice(&STANDARD.decode(secret).unwrap()).unwrap();
        mac.update(signed.as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(told.field("webhook-signature"), expected);
        let all = format!("{}{}", told.head, told.body);
        assert!(!all.contains("hanako") && !all.contains("geheim") && !all.contains(&link), "{all}");
    }
    let told: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!((&told["type"], &told["data"]["case"]), (&json!("case.opened"), &answer["case"]["id"]));
    assert!(told["timestamp"].as_str().unwrap().ends_with('Z'));

    // an event that is not wanted is not told, one that is wanted is
    let stop = json!({ "at": 1 });
    server.post(&format!("/api/v1/cases/{link}/stop"), "", &stop).await.ok(200);
    let (link, _) = opened(&server, &json!({ "words": "Cannot Get Mail", "lang": "en" })).await;
    assert!(receiver.next().await.body.contains("case.opened"));
    let own = format!("Authorization: Case {link}\r\n");
    for _ in 0..40 {
        let step = server.get("/api/v1/cases/own/step", &own).await.ok(200);
        if step["closed"].is_object() {
            break;
        }
        let question = step["step"]["kind"] == "question" && step["step"]["id"] != "did_it_help";
        let answer = json!({ "at": step["at"], "answer": if question { "unknown" } else { "fixed" } });
        server.post("/api/v1/cases/own/answers", &own, &answer).await.ok(200);
    }
    let told = receiver.next().await;
    assert!(told.body.contains("case.resolved"), "{told:?}");
    assert!(!receiver.was_told());
    let hook =
        server.get(&format!("/api/v1/webhooks/{}", made["webhook"]["id"]), &administrator).await.ok(200);
    assert_eq!(hook["active"], true);
    assert!(hook.get("secret").is_none());
}

#[tokio::test]
async fn a_webhook_reaches_no_address_that_is_not_public_and_follows_nobody() {
    let server = Server::start(Policy::Public).await;
    let administrator = server.token(Role::Administrator).await;
    let mut receiver = Receiver::start(&[204]).await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    for url in [&receiver.url, &by_name] {
        let wanted = json!({ "url": url, "events": ["case.opened"] });
        server.post("/api/v1/webhooks", &administrator, &wanted).await.ok(201);
    }
    opened(&server, &json!({})).await;
    let ended = async |id: u8, server: &Server| loop {
        let hook = server.get(&format!("/api/v1/webhooks/{id}"), &administrator).await.ok(200);
        if let Some(end) = hook["last_end"].as_str() {
            return end.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(ended(1, &server).await, "not allowed");
    assert_eq!(ended(2, &server).await, "not allowed");
    assert!(!receiver.was_told());

    let server = Server::start(Policy::Open).await;
    let administrator = server.token(Role::Administrator).await;
    let mut receiver = Receiver::start(&[302]).await;
    let wanted = json!({ "url": receiver.url, "events": ["case.opened"] });
    server.post("/api/v1/webhooks", &administrator, &wanted).await.ok(201);
    opened(&server, &json!({})).await;
    receiver.next().await;
    let hook = loop {
        let hook = server.get("/api/v1/webhooks/1", &administrator).await.ok(200);
        if hook["last_end"].is_string() {
            break hook;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!((&hook["last_end"], &hook["failures"]), (&json!("302"), &json!(1)));
    assert_eq!(server.say("DELETE", "/api/v1/webhooks/1", &administrator, "").await.status, 204);
    assert_eq!(server.get("/api/v1/webhooks/1", &administrator).await.problem(404), "nothing");
}

#[tokio::test]
async fn helpers_list_cases_page_by_page_and_leave_notes() {
    let server = Server::start(Policy::Public).await;
    let helper = server.token(Role::Helper).await;
    for number in 0..55 {
        opened(&server, &json!({ "words": format!("メールを取得できません {number}"), "lang": "ja" })).await;
    }
    let (secret, last) =
        opened(&server, &json!({ "words": "Cannot Get Mail", "device": "iphone", "lang": "en" })).await;
    assert_eq!(server.get("/api/v1/cases", "").await.problem(401), "unknown");
    let first = server.get("/api/v1/cases?order=oldest", &helper).await.ok(200);
    assert_eq!(first["cases"].as_array().unwrap().len(), 50);
    let next = first["next"].as_str().unwrap();
    let second = server.get(&format!("/api/v1/cases?order=oldest&after={next}"), &helper).await.ok(200);
    let numbers: Vec<&Value> = second["cases"].as_array().unwrap().iter().map(|case| &case["id"]).collect();
    assert_eq!(numbers, [51, 52, 53, 54, 55, 56]);
    assert_eq!(second["next"], Value::Null);
    for filter in ["words=cannot", "device=iphone&state=open"] {
        let found = server.get(&format!("/api/v1/cases?{filter}"), &helper).await.ok(200);
        assert_eq!(found["cases"].as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(found["cases"][0]["id"], last["case"]["id"]);
    }
    assert_eq!(server.get("/api/v1/cases?after=x", &helper).await.problem(400), "parameter");

    let notes = format!("/api/v1/cases/{}/notes", last["case"]["id"]);
    let note = json!({ "text": "折り返し電話する" });
    assert_eq!(server.post(&notes, &helper, &note).await.status, 204);
    let kept = server.get(&notes, &helper).await.ok(200);
    assert_eq!((&kept[0]["name"], &kept[0]["text"]), (&json!("test"), &note["text"]));
    assert_eq!(server.get(&format!("/api/v1/cases/{secret}/notes"), "").await.problem(401), "unknown");
    assert_eq!(server.get("/api/v1/helpers", &helper).await.problem(403), "forbidden");
    let administrator = server.token(Role::Administrator).await;
    assert_eq!(server.get("/api/v1/helpers", &administrator).await.ok(200), json!([]));
}
