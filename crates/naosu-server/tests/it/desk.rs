//! The helpers' desk: who gets in, what they see, and that nobody else does.

use naosu_server::Role;

use crate::client::Browser;
use crate::server::Server;

const PASSWORD: &str = "a long enough password";

/// A server with a helper, an administrator, and a browser in which the helper is signed in.
fn desk() -> (Server, Browser) {
    let server = Server::start();
    server.add_helper("hana", Role::Helper, PASSWORD);
    server.add_helper("Kanri", Role::Administrator, PASSWORD);
    let browser = signed_in(&server, "hana");
    (server, browser)
}

fn signed_in(server: &Server, name: &str) -> Browser {
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(name, PASSWORD).goes_to(), "/desk");
    browser
}

/// Opens a case as a person; the path of its page.
fn open(person: &mut Browser, words: &str) -> String {
    person.post("/cases", &[("words", words), ("address", "")]).goes_to().to_owned()
}

/// The numbers of the cases in a list, in its order.
fn numbers(body: &str) -> Vec<i64> {
    let rows = body.split("<th scope=\"row\"><a href=\"/desk/case/").skip(1);
    rows.map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn only_the_right_password_opens_the_desk() {
    let (server, mut helper) = desk();
    let mut stranger = server.browser();
    for path in ["/desk", "/desk/case/1", "/desk/statistics", "/desk/helpers", "/desk/case/1/package.zip"] {
        assert_eq!(stranger.get(path).goes_to(), "/desk/sign-in", "{path}");
    }
    let wrong = stranger.sign_in("hana", "another long password");
    let nobody = stranger.sign_in("nobody", "another long password");
    assert_eq!((wrong.status, nobody.status), (401, 401));
    assert_eq!(wrong.body, nobody.body, "whether a name exists is not told");
    assert!(stranger.cookies.is_empty());

    let page = helper.get("/desk");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let again = server.browser().sign_in(" HANA ", PASSWORD);
    let cookie = again.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure"), "this server speaks plain HTTP");

    let session = helper.cookies["desk"].clone();
    assert_eq!(helper.post("/desk/sign-out", &[("token", "0")]).status, 403);
    assert_eq!(helper.post("/desk/sign-out", &[("token", &page.field("token"))]).goes_to(), "/desk/sign-in");
    helper.cookies.insert("desk".to_owned(), session);
    assert_eq!(helper.get("/desk").goes_to(), "/desk/sign-in", "the session is over, not only the cookie");
}

#[test]
fn guessing_is_stopped_and_does_not_tell_when_it_is_right() {
    let (server, mut helper) = desk();
    let mut thief = server.browser();
    for _ in 0..10 {
        assert_eq!(thief.sign_in("hana", "guessed password").status, 401);
    }
    let stopped = thief.sign_in("hana", PASSWORD);
    assert_eq!(stopped.status, 429);
    assert!(stopped.header("retry-after").unwrap().parse::<u64>().unwrap() > 60);
    assert_eq!(helper.get("/desk").status, 200, "who is in stays in");
    assert_eq!(thief.sign_in("kanri", PASSWORD).status, 303, "others can still sign in");
}

#[test]
fn a_session_is_new_at_each_sign_in_and_ends_by_itself() {
    let (server, mut helper) = desk();
    let mut victim = server.browser();
    victim.cookies.insert("desk".to_owned(), "chosen-by-somebody-else".to_owned());
    victim.sign_in("hana", PASSWORD);
    assert_ne!(victim.cookies["desk"], "chosen-by-somebody-else");
    let first = victim.cookies["desk"].clone();
    victim.sign_in("kanri", PASSWORD);
    assert_ne!(victim.cookies["desk"], first);
    let mut other = server.browser();
    other.cookies.insert("desk".to_owned(), first);
    assert_eq!(other.get("/desk").goes_to(), "/desk/sign-in", "the earlier session of that browser is over");

    server.execute("UPDATE session SET seen_at = seen_at - 7100");
    assert_eq!(helper.get("/desk").status, 200, "idle, but not for long");
    server.execute("UPDATE session SET seen_at = seen_at - 7200");
    assert_eq!(helper.get("/desk").goes_to(), "/desk/sign-in", "idle for two hours");
    let mut busy = signed_in(&server, "hana");
    server.execute("UPDATE session SET began_at = began_at - 43200");
    assert_eq!(busy.get("/desk").goes_to(), "/desk/sign-in", "in use, but a shift is over");
}

#[test]
fn administrators_manage_helpers_and_helpers_do_not() {
    let (server, mut helper) = desk();
    assert_eq!(helper.get("/desk/helpers").status, 403);
    let token = helper.get("/desk").field("token");
    let form = [("token", token.as_str()), ("name", "x"), ("password", PASSWORD), ("role", "administrator")];
    assert_eq!(helper.post("/desk/helpers", &form).status, 403);

    let mut administrator = signed_in(&server, "kanri");
    let page = administrator.get("/desk/helpers");
    let token = page.field("token");
    let add = |name, password| {
        [("token", token.clone()), ("name", name), ("password", password), ("role", "helper".to_owned())]
    };
    let mut send = |path: &str, form: &[(&str, String)]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        administrator.post(path, &form)
    };
    assert_eq!(send("/desk/helpers", &add("ichi".to_owned(), "short".to_owned())).status, 422);
    assert_eq!(send("/desk/helpers", &add("hana".to_owned(), PASSWORD.to_owned())).status, 422);
    assert_eq!(
        send("/desk/helpers", &add("ichi".to_owned(), PASSWORD.to_owned())).goes_to(),
        "/desk/helpers"
    );
    assert_eq!(send("/desk/helpers/remove", &add("kanri".to_owned(), String::new())).status, 403);

    let mut ichi = signed_in(&server, "ichi");
    let changed = add("ichi".to_owned(), "quite another password".to_owned());
    send("/desk/helpers/password", &changed).goes_to();
    assert_eq!(ichi.get("/desk").status, 303, "a new password ends the sessions");
    assert_eq!(ichi.sign_in("ichi", PASSWORD).status, 401);
    assert_eq!(ichi.sign_in("ichi", "quite another password").status, 303);
    send("/desk/helpers/remove", &add("ichi".to_owned(), String::new())).goes_to();
    assert_eq!(ichi.get("/desk").status, 303, "who was removed is out at once");
}

#[test]
fn a_helper_takes_a_case_over_answers_and_hands_it_back() {
    let (server, mut helper) = desk();
    let mut person = server.browser();
    let link = open(&mut person, "mail does not arrive on my iPhone");
    assert!(!person.get(&link).body.contains("http-equiv=\"refresh\""));

    let page = helper.get("/desk/case/1");
    let (token, at) = (page.field("token"), person.get(&link).field("at"));
    let answer = [("token", token.as_str()), ("at", at.as_str()), ("answer", "unknown")];
    assert_eq!(helper.post("/desk/case/1/answer", &answer).status, 403, "not taken over");
    helper.post("/desk/case/1/take-over", &[("token", &token)]).goes_to();
    let seen = person.get(&link);
    assert!(seen.body.contains("A helper is with you"), "{}", seen.body);
    assert!(seen.body.contains("http-equiv=\"refresh\""), "also without a script");

    let mut administrator = signed_in(&server, "kanri");
    let theirs = administrator.get("/desk/case/1");
    assert!(theirs.body.contains("Held by: hana"));
    let foreign = [("token", theirs.field("token")), ("at", at.clone()), ("answer", "unknown".to_owned())];
    let foreign: Vec<(&str, &str)> = foreign.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(administrator.post("/desk/case/1/answer", &foreign).status, 403, "somebody else holds it");

    assert_eq!(helper.post("/desk/case/1/answer", &answer).goes_to(), "/desk/case/1");
    let now = person.get(&link);
    assert_ne!(now.field("at"), at, "the person sees the next step");
    assert_eq!(helper.post("/desk/case/1/answer", &answer).status, 409, "that step is answered");
    let page = helper.get("/desk/case/1");
    assert!(page.body.contains("(hana)"), "who entered it is told");
    helper.post("/desk/case/1/back", &[("token", &token), ("at", &page.field("at"))]).goes_to();
    assert!(helper.get("/desk/case/1").body.contains("<del>"));

    let mine = helper.get("/desk?holder=mine");
    assert_eq!(numbers(&mine.body), [1]);
    assert!(numbers(&administrator.get("/desk?holder=mine").body).is_empty());
    helper.post("/desk/case/1/hand-back", &[("token", &token)]).goes_to();
    assert!(!person.get(&link).body.contains("A helper is with you"));
    assert_eq!(helper.get("/desk/case/99").status, 404);
    let export = helper.get("/desk/case/1/package.zip");
    assert_eq!(export.header("content-type"), Some("application/zip"));
    assert!(export.body.starts_with("PK"), "a ZIP");
}

#[test]
fn cases_are_found_by_words_and_filters_page_by_page() {
    let (server, mut helper) = desk();
    let mut person = server.browser();
    open(&mut person, "iPhoneでメールを取得できません");
    open(&mut person, "Outlook on Windows cannot send mail");
    open(&mut person, "ドコモメールが届かない");
    let mut found = |query: &str| numbers(&helper.get(&format!("/desk?{query}")).body);
    assert_eq!(found(""), [3, 2, 1]);
    assert_eq!(found("order=oldest"), [1, 2, 3]);
    assert_eq!(
        found("q=%E5%8F%96%E5%BE%97%E3%81%A7%E3%81%8D%E3%81%BE%E3%81%9B%E3%82%93"),
        [1],
        "取得できません"
    );
    assert_eq!(found("q=%E3%83%A1%E3%83%BC%E3%83%AB"), [3, 1], "メール");
    assert_eq!(found("q=MAIL+cannot"), [2]);
    assert_eq!(found("q=mail+nowhere"), [0; 0]);
    assert_eq!(found("device=windows"), [2]);
    assert_eq!(found("service=docomo&device=unknown"), [3]);
    assert_eq!(found("from=2020-01-01&until=2020-01-02"), [0; 0]);
    assert_eq!(found("state=open&from=2020-01-01"), [3, 2, 1]);

    server.execute(
        "INSERT INTO case_file (link, opened_at, last_at, state, lang, symptom, cause, device, client, service, steps, words)
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 120)
         SELECT 'link' || n, 1000 + n, 5000 + n / 7, 'resolved', 'en', 'unknown', 'unknown', 'mac', 'unknown', 'unknown', 1, ''
         FROM n",
    );
    let mut path = "/desk?device=mac".to_owned();
    let mut all = Vec::new();
    for size in [50, 50, 20] {
        let page = helper.get(&path);
        let page_numbers = numbers(&page.body);
        assert_eq!(page_numbers.len(), size);
        all.extend(page_numbers);
        let next = page.body.split("\" rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
        path = next.replace("&#38;", "&").replace("&amp;", "&");
    }
    assert!(!helper.get("/desk?device=mac&after=5000.1").body.contains("rel=\"next\""));
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((all.len(), once.len()), (120, 120), "each case is on one page, many of the same second too");
    assert_eq!(helper.get("/desk?after=nonsense&from=x&order=y&state=z").status, 200);
}

#[test]
fn what_people_write_is_never_markup() {
    let (server, mut helper) = desk();
    let mut person = server.browser();
    open(&mut person, "<script>alert(1)</script> \"'><img src=x>");
    let token = helper.get("/desk").field("token");
    let note = "<b onclick=x>note</b>";
    helper.post("/desk/case/1/note", &[("token", &token), ("text", note)]).goes_to();
    for path in ["/desk", "/desk/case/1", "/desk?q=%22%3E%3Cscript%3Ealert", "/desk/statistics"] {
        let page = helper.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("<script>alert")
                && !page.body.contains("<b onclick")
                && !page.body.contains("<img")
        );
    }
    assert!(helper.get("/desk/case/1").body.contains("note"));
    let long = "x".repeat(9000);
    assert_eq!(helper.post("/desk/case/1/note", &[("token", &token), ("text", &long)]).status, 422);
}

#[test]
fn a_form_that_is_not_of_this_session_is_refused() {
    let (server, mut helper) = desk();
    open(&mut server.browser(), "mail");
    let foreign = signed_in(&server, "kanri").get("/desk").field("token");
    let own = helper.get("/desk").field("token");
    for path in ["take-over", "hand-back", "answer", "back", "note"] {
        let path = format!("/desk/case/1/{path}");
        assert_eq!(helper.post(&path, &[("token", &foreign)]).status, 403, "{path}");
        assert_eq!(helper.post(&path, &[]).status, 422, "{path}");
        assert_eq!(helper.get(&path).status, 405, "{path}");
    }
    helper.headers.push(("Sec-Fetch-Site", "cross-site".to_owned()));
    assert_eq!(helper.post("/desk/case/1/take-over", &[("token", &own)]).status, 403);
}

#[test]
fn statistics_have_a_table_beside_each_chart() {
    let (server, mut helper) = desk();
    open(&mut server.browser(), "iPhoneでメールを取得できません");
    let page = helper.get("/desk/statistics");
    assert_eq!(page.status, 200);
    let count = |what: &str| page.body.matches(what).count();
    assert_eq!(count("<svg class=\"chart\""), 5);
    assert_eq!(count("<details><summary>The same as a table"), 5);
    assert!(!page.body.contains("style="), "the policy forbids it");
}
