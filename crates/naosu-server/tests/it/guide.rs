//! The guide as a browser meets it.

use crate::server::Server;

#[test]
fn the_guide_is_found_in_the_persons_language_and_kept_by_the_browser() {
    let server = Server::start();
    let mut browser = server.browser();
    assert_eq!(browser.get("/guide").goes_to(), "/guide/en/index.html");
    assert_eq!(browser.get("/guide?lang=ja").goes_to(), "/guide/ja/index.html");
    assert_eq!(browser.get("/guide/ja/").goes_to(), "/guide/ja/index.html");
    let page = browser.get("/guide/ja/causes/cert_expired.html");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("サーバ証明書の期限切れ") && page.body.contains("<html lang=\"ja\">"));
    assert_eq!(page.header("cache-control"), Some("public, max-age=3600"));
    assert!(page.header("set-cookie").is_none());
    assert!(
        page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'"))
    );
    let tag = page.header("etag").unwrap().to_owned();
    browser.headers.push(("If-None-Match", format!("\"other\", {tag}")));
    let again = browser.get("/guide/ja/causes/cert_expired.html");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(browser.get("/guide/en/causes/cert_expired.html").status, 200);
}

#[test]
fn what_the_guide_has_not_is_not_there() {
    let server = Server::start();
    let mut browser = server.browser();
    for path in [
        "/guide/fr/index.html",
        "/guide/en/causes/no_such.html",
        "/guide/en/..%2f..%2fetc%2fpasswd",
        "/guide//",
    ] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn words_are_answered_in_the_language_of_the_page() {
    let server = Server::start();
    let mut browser = server.browser();
    let found = browser
        .get("/guide?lang=ja&q=%E8%A8%BC%E6%98%8E%E6%9B%B8%E3%81%AE%E6%9C%9F%E9%99%90%E5%88%87%E3%82%8C");
    assert_eq!(found.status, 200);
    assert!(found.body.contains("href=\"/guide/ja/causes/cert_expired.html\""), "{}", found.body);
    assert_eq!(found.header("cache-control"), Some("no-store"));
    let hostile = browser.get("/guide?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(hostile.status == 200 && !hostile.body.contains("<script>alert"));
    let long = browser.get(&format!("/guide?q={}", "%E3%81%82".repeat(3000)));
    assert_eq!(long.status, 200);
}

#[test]
fn the_first_pages_lead_to_the_guide_and_back_and_stay_small() {
    let server = Server::start();
    let mut browser = server.browser();
    let start = browser.get("/");
    assert!(start.body.contains("href=\"/guide\""));
    let front = browser.get("/guide/en/index.html");
    assert!(front.body.contains("action=\"/guide\"") && front.body.contains("href=\"/\""));
    let style = front.body.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let style = browser.get(style);
    assert_eq!(style.status, 200);
    // as they are; compressed they are a third
    assert!(front.body.len() + style.body.len() < 60_000, "{} + {}", front.body.len(), style.body.len());
}
