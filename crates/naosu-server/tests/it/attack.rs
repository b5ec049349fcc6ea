//! What somebody would try who means ill: against the person, against the server, and through it against others.
//!
//! Where probes may go is held by the tests of `naosu-probe` (`tests/it/reach.rs`), how often accounts may be signed in to
//! by those of `budget`; what the page lets through of both, by `live/inside.rs` and `live/lockout.rs`. That a guess costs the
//! same whatever is there is in how it is looked up: by the SHA-256 of a link, and with an Argon2 hash for nobody.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::serving::Serving;

mod guessing;
mod sessions;
mod uploads;

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let serving = Serving::start(false).await;
    let case = serving.open("x").await;
    for path in ["/", &case, "/c/none", "/nothing/here", "/lang/ja"] {
        let answer = serving.get(path, "").await;
        let policy = answer.field("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.field("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"), "{path}");
        // to us alone; "no-referrer" would turn our own forms' Origin into "null", which is refused without TLS
        assert_eq!(answer.field("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn another_site_cannot_act_for_a_person() {
    let serving = Serving::start(false).await;
    let case = serving.open("x").await;
    for foreign in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: https://naosu.example.jp.evil.example\r\n",
        "Origin: https://naosu.example.jp@evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: https://naosu.example.jp\r\n",
    ] {
        for path in ["/cases", &case, "/no/such/path"] {
            let answer = serving.post(path, foreign, b"words=x&at=1&answer=yes").await;
            assert_eq!(answer.status, 403, "{path} {foreign}");
            assert_eq!(answer.field("set-cookie"), None);
        }
    }
    let own = serving.post("/cases", "Origin: https://naosu.example.jp\r\n", b"words=x").await;
    assert_eq!(own.status, 303, "our own pages may");
}

#[tokio::test]
async fn what_is_too_large_or_broken_is_refused_and_nothing_fails() {
    let serving = Serving::start(false).await;
    let large = [b"words=".as_slice(), &vec![b'a'; 300 * 1024]].concat();
    assert_eq!(serving.post("/cases", "", &large).await.status, 413);
    let long = [b"words=".as_slice(), &vec![b'a'; 20 * 1024]].concat();
    assert_eq!(serving.post("/cases", "", &long).await.status, 422);
    for body in [
        b"words=%".as_slice(),
        b"words=%ff%fe%00",
        b"\xff\xfe\x00",
        b"words[]=1&words[a]=2",
        b"&&&===",
        b"words=a&words=b",
        b"",
    ] {
        let answer = serving.post("/cases", "", body).await;
        assert!(matches!(answer.status, 303 | 400 | 422), "{body:?}: {answer:?}");
    }
    for request in [
        "POST /cases HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 7\r\n\r\nwords=x".to_owned(),
        "POST /cases HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        "POST /cases HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n".to_owned(),
        "POST /cases HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(600_000)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(500)),
    ] {
        let answer = serving.say(request.as_bytes()).await;
        let shown: String = request.chars().take(60).collect();
        assert!(answer.status == 0 || (400..500).contains(&answer.status), "{shown}: {answer:?}");
    }
    assert_eq!(serving.get("/", "").await.status, 200, "it goes on");
}

#[tokio::test]
async fn what_is_not_there_looks_the_same_however_it_was_guessed() {
    let serving = Serving::start(false).await;
    let case = serving.open("x").await;
    assert_eq!(serving.get(&case, "").await.status, 200);
    let mut near = case.clone();
    let last = if near.pop() == Some('A') { 'B' } else { 'A' };
    near.push(last);
    let expected = serving.get("/c/AAAAAAAAAAAAAAAAAAAAAA", "").await;
    assert_eq!(expected.status, 404);
    for path in [near.as_str(), "/c/1", "/c/0", "/c/-1", "/c/%00", "/c/'%20OR%201=1--", "/c/%25", "/c/naosu"]
    {
        let answer = serving.get(path, "").await;
        assert_eq!((answer.status, &answer.body), (404, &expected.body), "{path}");
        assert_eq!(answer.field("set-cookie"), None);
    }
    let long = format!("/c/{}", "A".repeat(5000));
    assert_eq!(serving.get(&long, "").await.body, expected.body);
}

#[tokio::test]
async fn nothing_that_was_sent_becomes_markup_or_a_header() {
    let serving = Serving::start(false).await;
    let hostile = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3E%3Cimg+src%3Dx%3E";
    // what cannot be an address at all opens no case
    let refused = serving.post("/cases", "", format!("words=x&address={hostile}").as_bytes()).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.body.contains("<script>alert") && !refused.body.contains("<img src=x"));
    let address = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3E%40example.jp";
    let case = serving.post("/cases", "", format!("words={hostile}&address={address}").as_bytes()).await;
    let path = case.field("location").unwrap().to_owned();
    let page = serving.get(&path, "").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{}", page.body);
    for tag in ["ja%0d%0aSet-Cookie:%20x=1", "%3Cscript%3E", "en;%20Domain=evil.example", "..%2f..%2f"] {
        let answer = serving.get(&format!("/lang/{tag}"), "").await;
        assert!(!answer.head.contains("x=1") && !answer.head.contains("evil"), "{answer:?}");
        assert!(!answer.body.contains("<script>"));
    }
    for referer in [
        "https://evil.example//evil.example/x",
        "https://evil.example/\\evil.example",
        "https://evil.example/\t/evil.example",
        "https://evil.example///evil.example",
        "javascript:alert(1)",
        "//evil.example",
        "https://evil.example",
    ] {
        let answer = serving.get("/lang/ja", &format!("Referer: {referer}\r\n")).await;
        let to = answer.field("location").unwrap_or("/");
        let second = to.chars().nth(1);
        assert!(to.starts_with('/') && !matches!(second, Some('/' | '\\' | '\t')), "{referer}: {to}");
    }
}

#[tokio::test]
async fn a_cookie_that_somebody_else_chose_is_not_taken_over() {
    let serving = Serving::start(false).await;
    for cookie in ["session=chosen", "naosu=chosen; lang=ja", "lang=<script>", "__Host-session=chosen"] {
        for path in ["/", "/c/none"] {
            let answer = serving.get(path, &format!("Cookie: {cookie}\r\n")).await;
            assert!(!answer.head.contains("chosen") && !answer.body.contains("chosen"), "{answer:?}");
            assert!(!answer.head.contains("<script>") && !answer.body.contains("lang=<script>"));
        }
    }
    let chosen = serving.get("/lang/ja", "").await;
    let cookie = chosen.field("set-cookie").unwrap_or_default();
    assert!(
        cookie.starts_with("lang=ja;") && cookie.contains("SameSite=") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain="), "{cookie}");
}

#[tokio::test]
async fn no_path_leads_out_of_what_is_served() {
    let serving = Serving::start(false).await;
    for path in [
        "/assets/../Cargo.toml",
        "/assets/../../../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/..%5c..%5cetc%5cpasswd",
        "/assets//etc/passwd",
        "/..;/..;/etc/passwd",
        "/naosu.sqlite3",
        "/.git/config",
    ] {
        let answer = serving.get(path, "").await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.body.contains("root:") && !answer.body.contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn one_address_cannot_fill_the_server_and_cannot_pretend_to_be_others() {
    let serving = Serving::start(true).await;
    let open =
        async |from: &str| serving.post("/cases", &format!("X-Forwarded-For: {from}\r\n"), b"words=x").await;
    let mut refused = None;
    for count in 0..70 {
        // what the caller itself says of the way stands before what the proxy saw
        let answer = open(&format!("192.0.2.{count}, 203.0.113.7")).await;
        if answer.status != 303 {
            refused = Some((count, answer));
            break;
        }
    }
    let (count, refused) = refused.expect("there is an end");
    assert!(count >= 55, "{count}");
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait));
    assert_eq!(open("203.0.113.8").await.status, 303, "others go on");
    assert_eq!(open("2001:db8::1").await.status, 303);
}

#[tokio::test]
async fn whoever_sends_letter_by_letter_is_hung_up_on() {
    let serving = Serving::start(false).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let began = Instant::now();
    let trickle = async {
        while stream.write_all(b"X").await.is_ok() {
            let mut bytes = [0; 256];
            if let Ok(Ok(0) | Err(_)) = timeout(Duration::from_millis(500), stream.read(&mut bytes)).await {
                break;
            }
        }
    };
    timeout(Duration::from_secs(40), trickle).await.expect("the server hangs up");
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(serving.get("/", "").await.status, 200);
}
