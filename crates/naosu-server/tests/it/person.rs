//! The pages of the person, in both languages, without JavaScript.

use crate::browser::{Browser, Page, Server};

/// What every page of the person holds to.
fn is_sound(page: &Page, lang: &str) {
    assert!(page.has(&format!("<html lang=\"{lang}\">")), "{}", page.body);
    assert!(page.has("class=\"skip\" href=\"#main\"") && page.has("<main id=\"main\""));
    assert_eq!(page.body.matches("<h1").count(), 1, "{}", page.body);
    for forbidden in [" style=", " onclick=", "http://cdn", "https://", "<script>"] {
        assert!(!page.has(forbidden), "{forbidden} in {}", page.body);
    }
    let policy = &page.headers["content-security-policy"];
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    // with "no-referrer" a phone's forms come back with "Origin: null" where there is no TLS
    assert_eq!(page.headers["referrer-policy"], "same-origin");
    assert_eq!(page.headers["cache-control"], "no-store");
}

/// Answers the card that is shown.
async fn answer(browser: &mut Browser, page: &Page, answer: &str) -> Page {
    let at = page.value("name=\"at\"", "value");
    let case = case(browser);
    browser.post(&format!("{case}/answer"), &[("at", &at), ("answer", answer)]).await
}

/// The path of the case that is shown.
fn case(browser: &Browser) -> String {
    browser.at.split('?').next().unwrap().split('/').take(3).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_in_both_languages() {
    let server = Server::start().await;
    for lang in ["ja", "en"] {
        let mut browser = server.browser(lang);
        for path in ["/", "/messages", "/screenshot", "/go", "/deleted"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            is_sound(&page, lang);
        }
        let words = if lang == "ja" { "メールを取得できません" } else { "Cannot Get Mail" };
        let page = browser.post("/cases", &[("words", words)]).await;
        assert_eq!(page.status, 200);
        is_sound(&page, lang);
        let case = case(&browser);
        for part in ["/move", "/stop", "/delete"] {
            let page = browser.get(&format!("{case}{part}")).await;
            assert_eq!(page.status, 200, "{part}");
            is_sound(&page, lang);
        }
        let closed = browser.post(&format!("{case}/stop"), &[]).await;
        is_sound(&closed, lang);
        assert!(closed.has(if lang == "ja" { "再開する" } else { "Go on" }));
        let open = browser.post(&format!("{case}/reopen"), &[]).await;
        assert!(open.has("name=\"at\""), "{}", open.body);
        for path in ["/c/AAAAAAAAAAAAAAAAAAAAAA", "/no/such/page"] {
            let missing = browser.get(path).await;
            assert_eq!(missing.status, 404);
            is_sound(&missing, lang);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_fits_through_a_thin_line() {
    let server = Server::start().await;
    let mut browser = server.browser("ja");
    let page = browser.get("/").await;
    let style = page.value("rel=\"stylesheet\"", "href");
    let script = page.value("<script", "src");
    let mut bytes = page.body.len();
    for asset in [style, script] {
        let file = browser.get(&asset).await;
        assert_eq!(file.status, 200, "{asset}");
        assert!(file.headers["cache-control"].contains("immutable"));
        bytes += file.body.len();
    }
    // uncompressed already
    assert!(bytes <= 60 * 1024, "{bytes} bytes");
    assert_eq!(browser.get("/assets/naosu.0000000000000000.css").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_forward_back_and_into_the_other_language() {
    let server = Server::start().await;
    let mut browser = server.browser("ja");
    let first = browser.post("/cases", &[("ask", "1")]).await;
    let one = first.heading();
    let second = answer(&mut browser, &first, "unknown").await;
    assert_eq!(second.status, 200);
    assert_ne!(second.heading(), one);
    let case = case(&browser);

    // the same answer again, as a double tap sends it: no error, no second answer
    let again = browser
        .post(
            &format!("{case}/answer"),
            &[("at", &first.value("name=\"at\"", "value")), ("answer", "unknown")],
        )
        .await;
    assert_eq!((again.status, again.heading()), (200, second.heading()));
    assert!(!again.has("class=\"notice\""));
    // another answer to the old card: not taken, and said
    let stale = browser.post(&format!("{case}/answer"), &[("at", "1"), ("answer", "later")]).await;
    assert_eq!((stale.status, stale.heading()), (200, second.heading()));
    assert!(stale.has("class=\"notice\""));
    // no answer to this card
    let wrong = browser
        .post(
            &format!("{case}/answer"),
            &[("at", &second.value("name=\"at\"", "value")), ("answer", "no_such")],
        )
        .await;
    assert_eq!(wrong.status, 422);

    let back = browser.post(&format!("{case}/back"), &[]).await;
    assert_eq!(back.heading(), one);
    let english = browser.post(&format!("{case}/language"), &[("lang", "en")]).await;
    is_sound(&english, "en");
    assert_ne!(english.heading(), one);
    // the choice holds for other pages too
    is_sound(&browser.get("/").await, "en");
    assert_eq!(browser.post(&format!("{case}/language"), &[("lang", "xx")]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solved_case_says_what_it_was_and_can_be_opened_again_or_deleted() {
    let server = Server::start().await;
    let mut browser = server.browser("en");
    let mut page = browser
        .post("/cases", &[("words", "The password for the IMAP account is incorrect. Enter it again.")])
        .await;
    let mut solved = false;
    for _ in 0..60 {
        assert_eq!(page.status, 200);
        if page.has("It works again") {
            solved = true;
            break;
        }
        let helps = page.has("value=\"fixed\"");
        page = answer(&mut browser, &page, if helps { "fixed" } else { "unknown" }).await;
    }
    assert!(solved, "{}", page.body);
    is_sound(&page, "en");
    assert!(
        page.has("What it most probably was")
            && page.has("What helped")
            && page.has("So that it does not come back")
    );
    let case = case(&browser);
    let file = browser.get(&format!("{case}/care.ics")).await;
    assert!(file.headers["content-type"].starts_with("text/calendar"));
    assert!(file.has("BEGIN:VEVENT") && file.has("RRULE:"));

    let open = browser.post(&format!("{case}/reopen"), &[]).await;
    assert!(open.has("name=\"at\"") && !open.has("It works again"));
    let deleted = browser.post(&format!("{case}/delete"), &[]).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(browser.get(&case).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_writes_is_shown_as_written_and_never_as_a_page() {
    let server = Server::start().await;
    let mut browser = server.browser("en");
    let hostile = "Cannot Get Mail <script>alert(1)</script> \"><img src=x onerror=alert(1)> {{7*7}} '";
    // whoever gave an address is offered to measure, before anything is asked
    let offer = browser.post("/cases", &[("words", hostile), ("address", "a<b>@example.jp")]).await;
    assert_eq!((offer.status, browser.at.ends_with("/measure")), (200, true));
    assert!(offer.has("name=\"password\"") && !offer.has("<b>"), "{}", offer.body);
    let case = case(&browser);
    let page = browser.get(&case).await;
    assert_eq!(page.status, 200);
    assert!(!page.has("<script>alert") && !page.has("<img"), "{}", page.body);
    assert!(page.has("&#60;script&#62;alert(1)") || page.has("&lt;script&gt;alert(1)"), "{}", page.body);
    assert!(page.has("{{7*7}}"));
    // a form that comes back keeps what was typed, escaped
    let back = browser.post("/cases", &[("words", hostile), ("address", "<b>no address")]).await;
    assert_eq!(back.status, 422);
    assert!(!back.has("<img") && !back.has("<b>"));
    assert_eq!(browser.post("/cases", &[]).await.status, 422);
    assert_eq!(browser.post("/cases", &[("words", &"x".repeat(20_000))]).await.status, 422);
    assert_eq!(browser.post("/cases", &[("message", "../../etc/passwd")]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_list_opens_a_case_that_knows_the_device() {
    let server = Server::start().await;
    let mut browser = server.browser("ja");
    let list = browser.get("/messages").await;
    assert!(list.has("メールを取得できません"));
    let page = browser.post("/cases", &[("message", "ios_mail/c217")]).await;
    assert_eq!(page.status, 200);
    assert!(page.has("<blockquote>メールを取得できません</blockquote>"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_moves_to_another_device_by_a_code_that_works_once() {
    let server = Server::start().await;
    let mut phone = server.browser("ja");
    phone.post("/cases", &[("ask", "1")]).await;
    let case = case(&phone);
    let shown = phone.post(&format!("{case}/code#code"), &[]).await;
    let code = shown.body.split_once("<p class=\"code\">").unwrap().1.split('<').next().unwrap().to_owned();
    assert!(shown.has("<svg") && shown.has("http://naosu.example/go"));
    // a newer code takes the place of an older one
    let shown = phone.post(&format!("{case}/code"), &[]).await;
    let newer = shown.body.split_once("<p class=\"code\">").unwrap().1.split('<').next().unwrap().to_owned();
    assert_ne!(code, newer);

    let mut pc = server.browser("ja");
    assert_eq!(pc.post("/go", &[("code", &code)]).await.status, 422);
    let page = pc.post("/go", &[("code", &newer.to_lowercase().replace('-', " "))]).await;
    assert_eq!(page.status, 200);
    let moved = self::case(&pc);
    assert_ne!(moved, case, "a link of its own");
    assert_eq!(page.heading(), phone.get(&case).await.heading());
    assert_eq!(pc.post("/go", &[("code", &newer)]).await.status, 422, "only once");
    // what is answered on one device is seen on the other
    assert_eq!(pc.get(&moved).await.heading(), page.heading());
    let next = answer(&mut pc, &page, "unknown").await;
    assert_eq!(phone.get(&case).await.heading(), next.heading());
    // deleted on one, gone on both
    phone.post(&format!("{case}/delete"), &[]).await;
    assert_eq!(pc.get(&moved).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_cannot_be_guessed_for_long() {
    let server = Server::start().await;
    let mut stranger = server.browser("en");
    for _ in 0..10 {
        assert_eq!(stranger.post("/go", &[("code", "ACDE-FGHJ")]).await.status, 422);
    }
    assert_eq!(stranger.post("/go", &[("code", "ACDE-FGHK")]).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_on_is_gone_on_with_from_the_page() {
    let server = Server::start().await;
    let mut browser = server.browser("en");
    let words = "My account was taken over, somebody sends mail from it";
    let card = browser.post("/cases", &[("words", words)]).await;
    assert!(card.has("Done: go on"), "{}", card.body);
    let next = answer(&mut browser, &card, "done").await;
    // the first state of the flow, with its own ways and what is to be done in it
    assert!(next.has("value=\"failed\"") && !next.has("value=\"not_fixed\""), "{}", next.body);
    assert!(next.has("<li"), "{}", next.body);
}
