//! Pages that follow their case: the person's while a helper acts, the helper's while the person does.

use naosu_server::Role;

use crate::client::{Answer, Browser};
use crate::server::Server;

const PASSWORD: &str = "a long enough password";

/// A server with a case; the person's browser and link, and a helper's browser.
fn case() -> (Server, Browser, String, Browser) {
    let server = Server::start();
    server.add_helper("hana", Role::Helper, PASSWORD);
    let mut person = server.browser();
    let link = person.post("/cases", &[("words", "mail does not arrive on my iPhone")]).goes_to().to_owned();
    let mut helper = server.browser();
    helper.sign_in("hana", PASSWORD).goes_to();
    (server, person, link, helper)
}

fn act(helper: &mut Browser, page: &Answer, what: &str, more: &[(&str, &str)]) {
    let token = page.field("token");
    let form: Vec<(&str, &str)> = [("token", token.as_str())].iter().chain(more).copied().collect();
    helper.post(&format!("/desk/case/1/{what}"), &form).goes_to();
}

#[test]
fn the_person_is_told_that_a_helper_came_answered_and_went() {
    let (_server, mut person, link, mut helper) = case();
    let desk = helper.get("/desk/case/1");
    let page = person.get(&link);
    let told = person.follow(&page);
    act(&mut helper, &desk, "take-over", &[]);
    let told = told.join().unwrap();
    assert!(told.contains("text/event-stream") && told.contains("event: changed"), "{told}");
    let page = person.get(&link);
    assert!(page.body.contains("A helper is with you"));

    let told = person.follow(&page);
    act(&mut helper, &desk, "answer", &[("at", &page.field("at")), ("answer", "unknown")]);
    assert!(told.join().unwrap().contains("event: changed"));
    let page = person.get(&link);
    let told = person.follow(&page);
    // what helpers write to each other is no news for the person
    act(&mut helper, &desk, "note", &[("text", "call back")]);
    act(&mut helper, &desk, "hand-back", &[]);
    assert!(told.join().unwrap().contains("event: changed"));
    assert!(!person.get(&link).body.contains("A helper is with you"));
}

#[test]
fn the_helper_is_told_that_the_person_answered_and_that_another_helper_wrote() {
    let (server, mut person, link, mut helper) = case();
    let desk = helper.get("/desk/case/1");
    let told = helper.follow(&desk);
    let at = person.get(&link).field("at");
    person.post(&format!("{link}/answer"), &[("at", &at), ("answer", "unknown")]).goes_to();
    assert!(told.join().unwrap().contains("event: changed"));

    server.add_helper("ichi", Role::Helper, PASSWORD);
    let mut other = server.browser();
    other.sign_in("ichi", PASSWORD).goes_to();
    let desk = helper.get("/desk/case/1");
    let told = helper.follow(&desk);
    let theirs = other.get("/desk/case/1");
    act(&mut other, &theirs, "note", &[("text", "折り返し電話する")]);
    assert!(told.join().unwrap().contains("event: changed"));

    // deleted meanwhile
    let desk = helper.get("/desk/case/1");
    let told = helper.follow(&desk);
    person.post(&format!("{link}/delete"), &[]).goes_to();
    assert!(told.join().unwrap().contains("event: changed"));
}

#[test]
fn a_page_that_is_behind_is_told_at_once_and_strangers_are_told_nothing() {
    let (server, mut person, link, mut helper) = case();
    let old = person.get(&link);
    let desk = helper.get("/desk/case/1");
    act(&mut helper, &desk, "take-over", &[]);
    assert!(person.follow(&old).join().unwrap().contains("event: changed"));
    let stranger = server.browser().follow(&desk).join().unwrap();
    assert!(stranger.contains(" 303 ") && !stranger.contains("event:"), "{stranger}");
    assert_eq!(server.browser().get("/c/AAAAAAAAAAAAAAAAAAAAAA/live?shown=1.0").status, 404);
}
