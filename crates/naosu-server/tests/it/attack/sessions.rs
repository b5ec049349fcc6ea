//! A session that somebody else prepared, kept or stole.

use naosu_server::{Helpers, Role};

use crate::serving::{Answer, Serving};

const PASSWORD: &str = "a long enough password";

async fn desk() -> (Serving, Helpers) {
    let serving = Serving::start(false).await;
    let helpers = Helpers::open(&serving.keeping).await.unwrap();
    helpers.add("hana", Role::Administrator, PASSWORD).await.unwrap();
    (serving, helpers)
}

async fn sign_in(serving: &Serving, more: &str, password: &str) -> Answer {
    let form = format!("name=hana&password={}", password.replace(' ', "+"));
    serving.post("/desk/sign-in", more, form.as_bytes()).await
}

/// The value of the session's cookie that an answer sets.
fn secret(answer: &Answer) -> String {
    let cookie = answer.field("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
    cookie.strip_prefix("__Host-desk=").unwrap().split(';').next().unwrap().to_owned()
}

/// Whether a cookie opens the desk.
async fn opens(serving: &Serving, cookie: &str) -> bool {
    let answer = serving.get("/desk", &format!("Cookie: {cookie}\r\n")).await;
    assert!(matches!(answer.status, 200 | 303), "{answer:?}");
    answer.status == 200
}

#[tokio::test]
async fn a_session_that_was_there_before_the_sign_in_is_not_taken_over() {
    let (serving, _) = desk().await;
    for chosen in ["__Host-desk=chosen", "desk=chosen", "__Host-desk=chosen; desk=chosen"] {
        assert!(!opens(&serving, chosen).await);
        let answer = sign_in(&serving, &format!("Cookie: {chosen}\r\n"), PASSWORD).await;
        assert_eq!(answer.status, 303);
        assert_ne!(secret(&answer), "chosen");
        assert!(!opens(&serving, chosen).await, "what was chosen opens nothing afterwards either");
        assert!(opens(&serving, &format!("__Host-desk={}", secret(&answer))).await);
    }
    // a cookie that another host of the domain could have set does not count under HTTPS
    let own = secret(&sign_in(&serving, "", PASSWORD).await);
    assert!(!opens(&serving, &format!("desk={own}")).await);
    assert!(!opens(&serving, &format!("__host-desk={own}")).await);
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_other_sites_and_plain_lines() {
    let (serving, _) = desk().await;
    let answer = sign_in(&serving, "", PASSWORD).await;
    let cookie = answer.field("set-cookie").unwrap();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/;"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(cookie.starts_with("__Host-desk=") && !cookie.contains("Domain"), "{cookie}");
    assert!(secret(&answer).len() >= 22, "it cannot be guessed");
}

#[tokio::test]
async fn a_session_is_new_with_each_sign_in_and_over_with_another_password_or_role() {
    let (serving, helpers) = desk().await;
    let first = format!("__Host-desk={}", secret(&sign_in(&serving, "", PASSWORD).await));
    let second = secret(&sign_in(&serving, &format!("Cookie: {first}\r\n"), PASSWORD).await);
    let second = format!("__Host-desk={second}");
    assert_ne!(first, second);
    assert!(!opens(&serving, &first).await && opens(&serving, &second).await);

    helpers.change_password("hana", "quite another password").await.unwrap();
    assert!(!opens(&serving, &second).await, "another password ends it");
    assert_eq!(sign_in(&serving, "", PASSWORD).await.status, 401);
    let third = secret(&sign_in(&serving, "", "quite another password").await);
    let third = format!("__Host-desk={third}");
    assert!(opens(&serving, &third).await);

    // another role is another helper of that name
    helpers.remove("hana").await.unwrap();
    helpers.add("hana", Role::Helper, PASSWORD).await.unwrap();
    assert!(!opens(&serving, &third).await, "nobody keeps what they were");
    let fourth = format!("Cookie: __Host-desk={}\r\n", secret(&sign_in(&serving, "", PASSWORD).await));
    assert_eq!(serving.get("/desk/helpers", &fourth).await.status, 403);
}
