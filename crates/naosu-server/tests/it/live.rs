//! Measuring for a case, as a browser without JavaScript sees it, in worlds of the lab.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use naosu_core::knowledge::{Knowledge, embedded};
use naosu_lab::catalogue;
use naosu_lab::world::{Running, World};
use naosu_server::{Config, Keeping, Outside, Policy, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::serving::loopback;

mod inside;
mod lockout;

/// A password that is nowhere by chance.
const WRONG: &str = "nowhere-9f3b71-himitsu";

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

/// A server with threads of its own: what it does ends with it, as with a process.
struct Serving {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A world, and what the form is to be filled with in it.
struct Lab {
    world: Running,
    given: BTreeMap<String, String>,
    outside: Outside,
    password: Option<String>,
}

/// All log lines of this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let sink = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        // another test may have its own
        let _ = lines.with_writer(move || sink.clone()).try_init();
        log
    })
}

impl Serving {
    async fn start(folder: &Path, outside: Outside) -> Self {
        Self::keeping(Keeping::Folder(folder.to_owned()), Policy::Open, outside).await
    }

    /// One that keeps its cases there, believes a proxy who calls, and reaches so far.
    async fn keeping(keeping: Keeping, reach: Policy, outside: Outside) -> Self {
        static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
        let knowledge = KNOWLEDGE.get_or_init(|| Knowledge::load(&embedded()).unwrap());
        log();
        let config = Config {
            keeping,
            public_url: "http://naosu.example.jp".to_owned(),
            certificate: None,
            reach,
            trust_proxy: true,
            keep_days: naosu_server::KEEP_DAYS,
            outside,
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (listener, address) = loopback();
        let (ready, started) = oneshot::channel();
        runtime.spawn(async move {
            serve(listener, config, knowledge, || ready.send(()).unwrap()).await.unwrap();
        });
        started.await.unwrap();
        Self { address, runtime: Some(runtime) }
    }

    async fn say(&self, head: &str, body: &[u8]) -> Answer {
        self.say_with(head, "", body).await
    }

    async fn say_with(&self, head: &str, more: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        // HTTP/1.0: the answer comes in one piece
        let mut request = format!(
            "{head} HTTP/1.0\r\nHost: naosu.example.jp\r\nUser-Agent: {IPHONE}\r\nAccept-Language: en\r\nContent-Length: {length}\r\n{more}"
        );
        let kind =
            if body.starts_with(b"{") { "application/json" } else { "application/x-www-form-urlencoded" };
        request.push_str(&format!("Content-Type: {kind}\r\n\r\n"));
        let _ = stream.write_all(&[request.as_bytes(), body].concat()).await;
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut bytes)).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.say(&format!("GET {path}"), b"").await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.say(&format!("POST {path}"), body.as_bytes()).await
    }

    /// A new case; the path of its link.
    async fn open(&self, fields: &[(&str, &str)]) -> String {
        let opened = self.post("/cases", fields).await;
        assert_eq!(opened.status, 303, "{opened:?}");
        let place = opened.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
        place.split('/').take(3).collect::<Vec<_>>().join("/")
    }

    /// Loads the page of progress until it asks for no further loading; all pages that were seen.
    async fn to_the_end(&self, case: &str) -> Vec<Answer> {
        let mut pages = Vec::new();
        for _ in 0..300 {
            let page = self.get(&format!("{case}/progress")).await;
            assert_eq!(page.status, 200);
            let goes_on = page.body.contains("http-equiv=\"refresh\"");
            pages.push(page);
            if !goes_on {
                return pages;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the progress does not end");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Lab {
    async fn start(name: &str) -> Self {
        let scenario = catalogue::load(name).unwrap().unwrap();
        let world = World::start(&scenario).await.unwrap();
        let (mut given, mut outside) = (BTreeMap::new(), Outside::default());
        let mut arguments = world.arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.strip_prefix("--") else {
                given.entry("address".to_owned()).or_insert_with(|| argument.clone());
                continue;
            };
            if option == "no-login" {
                continue;
            }
            let value = arguments.next().unwrap();
            match option {
                "imap" => drop(given.insert("incoming".to_owned(), value.clone())),
                "smtp" => drop(given.insert("outgoing".to_owned(), value.clone())),
                "resolver" => outside.resolvers.push(value.parse().unwrap()),
                "ntp" => {
                    let (host, port) = value.rsplit_once(':').unwrap();
                    outside.ntp.push((host.to_owned(), port.parse().unwrap()));
                }
                "connectivity-url" => outside.connectivity.push(value.parse().unwrap()),
                "ca-file" => outside.ca_pem = Some(std::fs::read(value).unwrap()),
                "password-file" | "device" | "service" | "client" | "deadline" | "lang" | "user" => {}
                other => panic!("--{other}"),
            }
        }
        Self { world, given, outside, password: scenario.check.password }
    }

    fn form<'a>(&'a self, password: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let given = self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        given.chain(password.map(|password| ("password", password))).collect()
    }
}

/// Everything that was written to the disk.
fn written(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn milliseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0
}

/// What the page would send of a device whose clock is so many seconds ahead.
fn browser(ahead: f64) -> String {
    let now = milliseconds();
    let asked = now + ahead * 1000.0;
    format!(
        "{{\"samples\":[[{asked},{now},{}]],\"zone\":\"Asia/Tokyo\",\"languages\":[\"ja-JP\"],\"hints\":{{\"touch\":true}},\"outside\":true,\"web\":null}}",
        asked + 20.0
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_account_is_measured_without_javascript() {
    let lab = Lab::start("healthy").await;
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    let case = server.open(&[("words", "mail does not arrive")]).await;
    let form = server.get(&format!("{case}/measure")).await;
    assert!(form.body.contains("iOS 17.5.1, Safari 17"), "{}", form.body);
    assert!(form.head.contains("connect-src 'self' http://"), "{}", form.head);
    assert!(!server.get(&case).await.head.contains("connect-src 'self' http"));

    let password = lab.password.clone().unwrap();
    let begun = server.post(&format!("{case}/measure"), &lab.form(Some(&password))).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    assert!(!begun.head.contains(&password));
    let pages = server.to_the_end(&case).await;
    let last = pages.last().unwrap();
    assert!(last.body.contains("Measured"), "{}", last.body);
    assert!(last.body.contains("127.0.0.1") || last.body.contains("example"), "{}", last.body);
    assert!(!last.body.contains("✗"), "{}", last.body);
    assert_eq!(server.get(&case).await.status, 200);

    // once for each protocol, and never again by itself
    let sign_ins = lab.world.sign_ins();
    assert!(!sign_ins.is_empty());
    assert!(sign_ins.iter().all(|sign_in| sign_in.encrypted && sign_in.accepted), "{sign_ins:?}");
    let mut servers: Vec<_> = sign_ins.iter().map(|sign_in| sign_in.server.as_str()).collect();
    servers.sort_unstable();
    servers.dedup();
    assert_eq!(servers.len(), sign_ins.len());

    // what the browser told is taken out when that is wished, and does not come back
    assert!(last.body.contains("browser/refuse"));
    assert_eq!(server.post(&format!("{case}/browser/refuse"), &[]).await.status, 303);
    let page = server.get(&format!("{case}/progress")).await;
    assert!(!page.body.contains("Safari 17") && !page.body.contains("browser/refuse"), "{}", page.body);
    let again = server.say(&format!("POST {case}/browser"), browser(0.0).as_bytes()).await;
    assert_eq!(again.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_found() {
    let lab = Lab::start("cert_expired").await;
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    let case = server.open(&[("address", lab.given["address"].as_str())]).await;
    server.post(&format!("{case}/measure"), &lab.form(None)).await;
    let pages = server.to_the_end(&case).await;
    assert!(pages.last().unwrap().body.contains("expired on"), "{}", pages.last().unwrap().body);
    assert!(lab.world.sign_ins().is_empty());
    let stream = server.get(&format!("{case}/progress/stream")).await;
    assert!(stream.head.contains("text/event-stream"));
    assert!(stream.body.contains("event: seen") && stream.body.contains("event: end"), "{}", stream.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_sent_once_and_kept_nowhere() {
    let lab = Lab::start("healthy").await;
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    let case = server.open(&[("address", lab.given["address"].as_str())]).await;
    let mut seen = vec![server.post(&format!("{case}/measure"), &lab.form(Some(WRONG))).await];
    // sent twice in a hurry
    seen.push(server.post(&format!("{case}/measure"), &lab.form(Some(WRONG))).await);
    seen.extend(server.to_the_end(&case).await);
    let tried = lab.world.sign_ins();
    let mut servers: Vec<_> = tried.iter().map(|sign_in| sign_in.server.clone()).collect();
    servers.sort_unstable();
    servers.dedup();
    assert!(!tried.is_empty() && servers.len() == tried.len(), "{tried:?}");

    let refused = server.post(&format!("{case}/measure"), &lab.form(Some(WRONG))).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(lab.world.sign_ins().len(), tried.len(), "a refused password is not sent again");
    seen.push(refused);
    for path in ["", "/measure", "/progress", "/progress/stream"] {
        seen.push(server.get(&format!("{case}{path}")).await);
    }
    // in Base64, wherever it begins: alone, or behind a user name (RFC 4616)
    let forms = [
        WRONG,
        "bm93aGVyZS05ZjNiNzEtaGltaXRzd",
        "ub3doZXJlLTlmM2I3MS1oaW1pdH",
        "5vd2hlcmUtOWYzYjcxLWhpbWl0c3",
    ];
    let logged = log().0.lock().unwrap().clone();
    assert!(!logged.is_empty(), "something is logged");
    for form in forms {
        assert!(seen.iter().all(|page| !page.body.contains(form) && !page.head.contains(form)));
        assert!(!holds(&written(folder.path()), form), "{form} is on the disk");
        assert!(!holds(&logged, form), "{form} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_of_the_device_is_named_and_its_repair_is_seen() {
    let lab = Lab::start("healthy").await;
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    let case = server.open(&[("address", lab.given["address"].as_str())]).await;
    let told = server.say(&format!("POST {case}/browser"), browser(2.0 * 86_400.0).as_bytes()).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.body.contains("2 d ahead"), "{}", told.body);
    server.post(&format!("{case}/measure"), &lab.form(None)).await;
    let pages = server.to_the_end(&case).await;
    assert!(pages.last().unwrap().body.contains("2 d ahead"));
    let card = server.get(&case).await;
    assert!(card.body.contains("Set date and time to automatic"), "{}", card.body);

    let at = card.body.split("name=\"at\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let answered = server.post(&format!("{case}/answer"), &[("at", at), ("answer", "done")]).await;
    assert_eq!(answered.status, 303, "{answered:?}");
    server.say(&format!("POST {case}/browser"), browser(0.0).as_bytes()).await;
    // as the card sends it: the servers are those of before
    assert_eq!(server.post(&format!("{case}/measure"), &[]).await.status, 303);
    server.to_the_end(&case).await;
    let end = server.get(&case).await;
    assert!(end.body.contains("Solved"), "{}", end.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_the_run_and_nothing_else() {
    let lab = Lab::start("healthy").await;
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    let case = server.open(&[("address", lab.given["address"].as_str())]).await;
    assert_eq!(server.post(&format!("{case}/measure"), &lab.form(None)).await.status, 303);
    drop(server);
    let server = Serving::start(folder.path(), lab.outside.clone()).await;
    assert_eq!(server.get(&case).await.status, 200);
    let stream = server.get(&format!("{case}/progress/stream")).await;
    assert_eq!(stream.body, "", "a run of before has nothing to tell");
    server.post(&format!("{case}/measure"), &lab.form(None)).await;
    assert!(server.to_the_end(&case).await.last().unwrap().body.contains("Measured"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_page_of_ours_sends_is_refused() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), Outside::default()).await;
    let case = server.open(&[("words", "mail")]).await;
    let path = format!("POST {case}/browser");
    for wrong in
        ["", "null", "{\"x\":1}", "{\"zone\":\"<b>\"}", "{\"samples\":[[0,0,0]]}", "{\"languages\":[\"\"]}"]
    {
        assert_eq!(server.say(&path, wrong.as_bytes()).await.status, 422, "{wrong}");
    }
    let large = format!("{{\"zone\":\"{}\"}}", "a".repeat(5000));
    assert_eq!(server.say(&path, large.as_bytes()).await.status, 413);
    assert_eq!(server.say("POST /c/AAAAAAAAAAAAAAAAAAAAAA/browser", b"{}").await.status, 404);
    assert_eq!(server.post("/c/AAAAAAAAAAAAAAAAAAAAAA/measure", &[]).await.status, 404);
    let measure = format!("{case}/measure");
    for (name, value) in [("address", "nobody"), ("incoming", "http://x/"), ("outgoing", "x:0")] {
        assert_eq!(server.post(&measure, &[(name, value)]).await.status, 422, "{name} {value}");
    }
    let long = "a".repeat(5000);
    assert_eq!(server.post(&measure, &[("password", &long)]).await.status, 422);
    assert!(!server.get(&format!("{case}/progress")).await.body.contains("refresh"), "nothing was begun");
}
