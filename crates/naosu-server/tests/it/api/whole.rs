//! That the API can do what the pages can.

use naosu_server::{Policy, Role};
use serde_json::{Value, json};

use super::opened;
use super::server::Server;

const KIND: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn a_program_takes_a_case_over_enters_answers_and_hands_it_back() {
    let server = Server::start(Policy::Public).await;
    let (one, other) = (server.token(Role::Helper).await, server.token(Role::Administrator).await);
    let (secret, answer) = opened(&server, &json!({ "words": "Cannot Get Mail", "lang": "en" })).await;
    let case = format!("/api/v1/cases/{}", answer["case"]["id"]);
    assert_eq!(server.say("POST", &format!("{case}/take-over"), "", "").await.problem(401), "unknown");
    assert_eq!(server.say("POST", &format!("{case}/hand-back"), &one, "").await.problem(409), "not_held");
    let held = server.say("POST", &format!("{case}/take-over"), &one, "").await.ok(200);
    assert_eq!(held["holder"], -1, "its token is the first");
    // the person sees it on the page
    let page = server.get(&format!("/c/{secret}"), "").await;
    assert!(page.text.contains("A helper is with you"));
    let mine = async |token: &str, holder: i64| {
        let list = server.get(&format!("/api/v1/cases?holder={holder}"), token).await.ok(200);
        list["cases"].as_array().unwrap().len()
    };
    assert_eq!((mine(&one, 0).await, mine(&other, 0).await, mine(&other, -1).await), (1, 0, 1));

    server.post(&format!("{case}/answers"), &one, &json!({ "at": 1, "answer": "unknown" })).await.ok(200);
    let by = async |path: &str, header: &str| {
        server.get(&format!("{path}/events?from=1"), header).await.ok(200)["events"][0]["by"].clone()
    };
    assert_eq!(by(&case, &one).await, "test");
    assert_eq!(by(&format!("/api/v1/cases/{secret}"), "").await, Value::Null, "not for the person");
    assert_eq!(server.say("POST", &format!("{case}/hand-back"), &other, "").await.problem(409), "not_held");
    let given = server.say("POST", &format!("{case}/hand-back"), &one, "").await.ok(200);
    assert_eq!(given["holder"], Value::Null);

    // whoever loses the token holds nothing any more
    server.say("POST", &format!("{case}/take-over"), &one, "").await.ok(200);
    assert_eq!(server.say("DELETE", "/api/v1/tokens/1", &other, "").await.status, 204);
    assert_eq!(server.get(&case, &other).await.ok(200)["holder"], Value::Null);
}

#[tokio::test]
async fn the_figures_are_those_of_the_desk() {
    let server = Server::start(Policy::Public).await;
    let helper = server.token(Role::Helper).await;
    let (secret, _) =
        opened(&server, &json!({ "words": "ドコモメールが届かない", "device": "iphone" })).await;
    server.post(&format!("/api/v1/cases/{secret}/stop"), "", &json!({ "at": 1 })).await.ok(200);
    opened(&server, &json!({ "words": "Cannot Get Mail" })).await;
    assert_eq!(server.get("/api/v1/statistics", "").await.problem(401), "unknown");
    let figures = server.get("/api/v1/statistics", &helper).await.ok(200);
    assert_eq!((&figures["cases"], &figures["resolved"]), (&json!(2), &json!(0)));
    assert_eq!((&figures["devices"]["iphone"], &figures["services"]["docomo"]), (&json!(1), &json!(1)));
    assert_eq!(figures["weeks"].as_array().unwrap().len(), 26);
    let causes = figures["causes"].as_object().unwrap();
    let this_week: i64 = causes.values().map(|weeks| weeks[25].as_i64().unwrap()).sum();
    assert_eq!((this_week, &figures["steps"][0], &figures["waves"]), (2, &json!(1), &json!([])));
}

#[tokio::test]
async fn packages_and_calendars_come_as_the_pages_give_them() {
    let server = Server::start(Policy::Public).await;
    let body =
        json!({ "words": "hanako@example.jp に届かない", "address": "hanako@example.jp", "lang": "ja" });
    let (secret, _) = opened(&server, &body).await;
    let case = format!("/api/v1/cases/{secret}");
    let masked = server.get(&format!("{case}/package"), "").await;
    assert!(!masked.text.contains("hanako"), "{masked:?}");
    assert_eq!(masked.ok(200)["addresses_kept"], false);
    let kept = server.get(&format!("{case}/package?keep_addresses=true&os=iOS%2026.1&serial=F17"), "").await;
    assert!(kept.text.contains("hanako@example.jp"));
    assert_eq!((&kept.json()["os"], &kept.json()["serial"]), (&json!("iOS 26.1"), &json!("F17")));
    assert_eq!(server.get(&format!("{case}/package?os=%0a"), "").await.problem(400), "parameter");

    let page = server.get(&format!("{case}/package.html?lang=en"), "").await;
    assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text.contains("<html lang=\"en\"") && !page.text.contains("hanako"), "{}", page.text);
    let own = server.get(&format!("/c/{secret}/package"), "").await;
    let ja = server.get(&format!("{case}/package.html"), "").await;
    assert_eq!(ja.text, own.text, "the same as the page gives");
    let archive = server.get(&format!("{case}/package.zip"), "").await;
    assert_eq!((archive.status, archive.field("content-type")), (200, Some("application/zip")));
    assert!(archive.text.starts_with("PK"));

    let care = server.get(&format!("{case}/care.ics"), "").await;
    assert!(care.text.contains("BEGIN:VEVENT"), "{care:?}");
    assert_eq!(server.get(&format!("{case}/wait.ics"), "").await.problem(409), "went_on");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/provider_status_outage/evidence.json");
    let evidence: Value = serde_json::from_str(&std::fs::read_to_string(folder).unwrap()).unwrap();
    let next =
        server.post(&format!("{case}/evidence"), "", &json!({ "at": 1, "evidence": evidence })).await.ok(200);
    assert_eq!(next["step"]["kind"], "wait", "{next}");
    let wait = server.get(&format!("{case}/wait.ics"), "").await;
    assert!(wait.text.contains("BEGIN:VALARM") || wait.text.contains("BEGIN:VEVENT"), "{wait:?}");

    // another language moves nothing
    let english = server.say("PUT", &format!("{case}/language"), KIND, r#"{"lang":"en"}"#).await.ok(200);
    assert_eq!(english["step"]["due"], next["step"]["due"]);
    assert_ne!(english["step"]["title"], next["step"]["title"]);
    let causes = server.get(&format!("{case}/causes"), "").await.ok(200);
    assert_eq!(causes[0]["id"], "provider_outage");
    assert!(!causes[0]["for"].as_array().unwrap().is_empty(), "{causes}");
}

#[tokio::test]
async fn a_case_that_is_over_goes_on() {
    let server = Server::start(Policy::Public).await;
    let (secret, _) = opened(&server, &json!({ "words": "Cannot Get Mail" })).await;
    let case = format!("/api/v1/cases/{secret}");
    assert_eq!(
        server.post(&format!("{case}/reopen"), "", &json!({ "at": 1 })).await.problem(409),
        "not_over"
    );
    server.post(&format!("{case}/stop"), "", &json!({ "at": 1 })).await.ok(200);
    let open = server.post(&format!("{case}/reopen"), "", &json!({ "at": 2 })).await.ok(200);
    assert!(open["step"].is_object() && open["closed"].is_null(), "{open}");
    assert!(server.get(&case, "").await.ok(200)["kept_until"].as_u64().unwrap() > 1_800_000_000);
}

#[tokio::test]
async fn a_case_moves_by_a_code() {
    let server = Server::start(Policy::Public).await;
    let (secret, _) = opened(&server, &json!({ "words": "Cannot Get Mail" })).await;
    let made = server.say("POST", &format!("/api/v1/cases/{secret}/code"), "", "").await.ok(201);
    let typed = json!({ "code": made["code"].as_str().unwrap().to_lowercase() });
    let moved = server.post("/api/v1/codes", "", &typed).await.ok(201);
    let other = moved["secret"].as_str().unwrap();
    assert_ne!(other, secret);
    assert_eq!(server.get(&format!("/api/v1/cases/{other}"), "").await.ok(200)["words"], "Cannot Get Mail");
    assert_eq!(server.post("/api/v1/codes", "", &typed).await.problem(404), "nothing");
    for _ in 0..9 {
        server.post("/api/v1/codes", "", &json!({ "code": "ACDE-FGHJ" })).await;
    }
    let many = server.post("/api/v1/codes", "", &json!({ "code": "ACDE-FGHJ" })).await;
    assert!(many.field("retry-after").is_some());
    assert_eq!(many.problem(429), "not_now");
}

#[tokio::test]
async fn what_a_browser_tells_and_what_is_measured() {
    let server = Server::start(Policy::Public).await;
    let (secret, _) = opened(&server, &json!({ "words": "Cannot Get Mail", "lang": "en" })).await;
    let case = format!("/api/v1/cases/{secret}");
    let now = server.get("/api/v1/time", "").await.ok(200)["milliseconds"].as_f64().unwrap();
    let told = json!({ "samples": [[now + 7_200_000.0, now, now + 7_200_020.0]], "zone": "Asia/Tokyo" });
    let seen = server.say("PUT", &format!("{case}/browser"), KIND, &told.to_string()).await.ok(200);
    assert!(seen["seen"].to_string().contains("2 h ahead"), "{seen}");
    let strange = json!({ "zone": "<script>" }).to_string();
    assert_eq!(server.say("PUT", &format!("{case}/browser"), KIND, &strange).await.problem(422), "invalid");
    assert_eq!(server.say("DELETE", &format!("{case}/browser"), "", "").await.status, 204);
    let refused = server.say("PUT", &format!("{case}/browser"), KIND, "{}").await;
    assert_eq!(refused.problem(409), "unwanted");

    assert_eq!(server.get(&format!("{case}/measurement"), "").await.ok(200)["state"], "none");
    for (field, value) in
        [("address", json!("nobody")), ("incoming", json!("http://x/")), ("password", json!(["geheim"]))]
    {
        let wrong = server.post(&format!("{case}/measurement"), "", &json!({ (field): value })).await;
        assert!(!wrong.text.contains("geheim"), "{wrong:?}");
        assert_eq!(wrong.problem(422), "invalid", "{field}");
    }
    // an address of this machine is out of reach: it is begun, refused, and kept
    let wanted = json!({ "incoming": "127.0.0.1:993", "outgoing": "", "no_browser": true });
    let begun = server.post(&format!("{case}/measurement"), "", &wanted).await.ok(202);
    assert!(begun["state"] == "running" || begun["state"] == "kept", "{begun}");
    let done = loop {
        let now = server.get(&format!("{case}/measurement"), "").await.ok(200);
        if now["state"] != "running" {
            break now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(done["state"], "kept");
    assert!(done["seen"].as_array().unwrap().iter().any(|seen| seen["outcome"] == "not_allowed"), "{done}");
    let evidence = server.get(&format!("{case}/evidence"), "").await.ok(200);
    assert_eq!(evidence["evidence"]["request"]["named"], json!(["imap", "resolver"]));
    server.post(&format!("{case}/stop"), "", &json!({ "at": 2 })).await.ok(200);
    assert_eq!(server.post(&format!("{case}/measurement"), "", &json!({})).await.problem(409), "refused");
}

#[tokio::test]
async fn administrators_manage_helpers() {
    let server = Server::start(Policy::Public).await;
    let (helper, administrator) = (server.token(Role::Helper).await, server.token(Role::Administrator).await);
    let wanted = json!({ "name": "Hana", "role": "helper", "password": "a long enough password" });
    assert_eq!(server.post("/api/v1/helpers", &helper, &wanted).await.problem(403), "forbidden");
    assert_eq!(server.post("/api/v1/helpers", &administrator, &wanted).await.status, 201);
    assert_eq!(server.post("/api/v1/helpers", &administrator, &wanted).await.problem(409), "unfit");
    let short = json!({ "name": "ichi", "role": "helper", "password": "short" });
    assert_eq!(server.post("/api/v1/helpers", &administrator, &short).await.problem(422), "unfit");
    let list = server.get("/api/v1/helpers", &administrator).await;
    assert!(!list.text.contains("argon2"));
    assert_eq!((&list.json()[0]["name"], &list.json()[0]["role"]), (&json!("hana"), &json!("helper")));
    let path = format!("/api/v1/helpers/{}", list.json()[0]["id"]);
    let password = json!({ "password": "quite another password" }).to_string();
    let header = format!("{KIND}{administrator}");
    assert_eq!(server.say("PUT", &format!("{path}/password"), &header, &password).await.status, 204);
    assert_eq!(server.say("DELETE", &path, &administrator, "").await.status, 204);
    assert_eq!(server.say("DELETE", &path, &administrator, "").await.problem(404), "nothing");
    assert_eq!(
        server.say("PUT", &format!("{path}/password"), &header, &password).await.problem(404),
        "nothing"
    );
}

#[tokio::test]
async fn pictures_and_common_messages() {
    let server = Server::start(Policy::Public).await;
    for (lang, words) in [("ja", "メールを取得できません"), ("en", "Cannot Get Mail")] {
        let list =
            server.get("/api/v1/knowledge/messages", &format!("Accept-Language: {lang}\r\n")).await.ok(200);
        let first =
            list.as_array().unwrap().iter().find(|one| one["words"].as_str().unwrap().contains(words));
        assert_eq!(first.unwrap()["device"], "iphone");
    }
    let picture = async |kind: &str, body: &str| {
        server.say("POST", "/api/v1/pictures", &format!("Content-Type: {kind}\r\n"), body).await
    };
    assert_eq!(picture("application/json", "{}").await.problem(415), "media_type");
    assert_eq!(picture("image/png", "no picture").await.problem(415), "not_read");
    assert_eq!(picture("image/png", &"x".repeat(16 * 1024 * 1024)).await.problem(413), "too_large");
}
