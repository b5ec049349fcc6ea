//! Guessing: codes, cases, helpers, and under whose address.

use naosu_server::{Helpers, Role};

use crate::serving::Serving;

#[tokio::test]
async fn a_code_that_was_used_looks_like_one_that_never_was() {
    let serving = Serving::start(true).await;
    let case = serving.open("x").await;
    let shown = serving.post(&format!("{case}/code"), "", b"").await;
    let code = shown.body.split_once("<p class=\"code\">").unwrap().1.split('<').next().unwrap().to_owned();
    let go = async |code: &str, from: &str| {
        serving.post("/go", &format!("X-Forwarded-For: {from}\r\n"), format!("code={code}").as_bytes()).await
    };
    assert_eq!(go(&code, "203.0.113.1").await.status, 303);
    let used = go(&code, "203.0.113.2").await;
    assert_eq!(used.status, 422);
    for other in ["ACDE-FGHJ", "acdefghj", "0000-0000", "x", "", "%00", "ACDEFGHJACDEFGHJ", "'%20OR%201=1--"]
    {
        let answer = go(other, "203.0.113.3").await;
        assert_eq!((answer.status, &answer.body), (422, &used.body), "{other}");
    }
}

#[tokio::test]
async fn numbers_of_cases_tell_strangers_nothing() {
    let serving = Serving::start(false).await;
    let case = serving.open("x").await;
    let deleted = serving.open("y").await;
    serving.post(&format!("{deleted}/delete"), "", b"").await;
    let of = async |path: &str| {
        let answer = serving.get(path, "").await;
        (answer.status, answer.body)
    };
    let [there, gone, never] = ["1", "2", "999999"].map(|id| format!("/api/v1/cases/{id}"));
    assert_eq!(of(&there).await.0, 401);
    assert_eq!(of(&there).await, of(&gone).await);
    assert_eq!(of(&there).await, of(&never).await);
    let [there, gone, never] = ["1", "2", "999999"].map(|id| format!("/desk/case/{id}"));
    assert_eq!(of(&there).await, of(&gone).await);
    assert_eq!(of(&there).await, of(&never).await);
    let api = |link: &str| link.replace("/c/", "/api/v1/cases/");
    let nothing = of("/api/v1/cases/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(of(&api(&deleted)).await, nothing);
    assert_eq!(of(&format!("{}/step", api(&deleted))).await, nothing);
    assert_eq!(of(&api(&case)).await.0, 200);
}

#[tokio::test]
async fn a_helper_who_exists_is_refused_like_one_who_does_not() {
    let serving = Serving::start(true).await;
    let helpers = Helpers::open(&serving.keeping).await.unwrap();
    helpers.add("hana", Role::Helper, "a long enough password").await.unwrap();
    let mut heard = Vec::new();
    for (place, name) in ["hana", "nobody"].into_iter().enumerate() {
        let from = format!("X-Forwarded-For: 203.0.113.{place}\r\n");
        let mut answers = Vec::new();
        // until it is too often, and once more
        for _ in 0..11 {
            let form = format!("name={name}&password=guessed+wrong+again");
            let answer = serving.post("/desk/sign-in", &from, form.as_bytes()).await;
            answers.push((answer.status, answer.body.clone(), answer.field("set-cookie").map(str::to_owned)));
        }
        assert_eq!(answers[10].0, 429);
        heard.push(answers);
    }
    assert_eq!(heard[0], heard[1]);
}

#[tokio::test]
async fn nobody_takes_another_address_where_no_proxy_is_trusted() {
    let serving = Serving::start(false).await;
    let mut refused = None;
    for count in 0..30 {
        let claims = [
            format!("X-Forwarded-For: 203.0.113.{count}\r\n"),
            format!("X-Forwarded-For: 203.0.113.{count}\r\nX-Forwarded-For: 198.51.100.{count}\r\n"),
            format!("x-forwarded-for : 203.0.113.{count}\r\n"),
            format!("X_Forwarded_For: 203.0.113.{count}\r\n"),
            format!("Forwarded: for=203.0.113.{count}\r\nX-Real-IP: 203.0.113.{count}\r\n"),
            format!("X-Forwarded-For:\r\n 203.0.113.{count}\r\n"),
        ];
        let answer = serving.post("/go", &claims[count % claims.len()], b"code=ACDE-FGHJ").await;
        // a header that is none of HTTP's is refused as a whole
        if answer.status == 429 {
            refused = Some(count);
            break;
        }
        assert!(matches!(answer.status, 400 | 422), "{count}: {answer:?}");
    }
    assert!(refused.is_some(), "ten wrong codes are one caller's, whatever they claim");
}

#[tokio::test]
async fn behind_a_proxy_the_last_address_counts() {
    let serving = Serving::start(true).await;
    let go = async |claim: String| serving.post("/go", &claim, b"code=ACDE-FGHJ").await.status;
    for count in 0..10 {
        // what the caller says stands in a line before the one the proxy adds
        let claim = format!("X-Forwarded-For: 192.0.2.{count}\r\nX-Forwarded-For: 203.0.113.7\r\n");
        assert_eq!(go(claim).await, 422);
    }
    assert_eq!(go("X-Forwarded-For: 203.0.113.7\r\n".to_owned()).await, 429);
    assert_eq!(go("X-Forwarded-For: 203.0.113.8\r\n".to_owned()).await, 422, "others go on");
}
