//! A server with an open reach, what is said to its API, and a program that is told by its webhooks.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use naosu_core::knowledge::{Knowledge, embedded};
use naosu_server::{Config, Keeping, Policy, Role, make_token, serve};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::serving::loopback;

/// Nothing in a test takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server on loopback with an empty database; it ends with the test.
pub(super) struct Server {
    address: SocketAddr,
    keeping: Keeping,
    task: JoinHandle<()>,
    _folder: TempDir,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl Server {
    pub(super) async fn start(reach: Policy) -> Self {
        static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
        let knowledge = KNOWLEDGE.get_or_init(|| Knowledge::load(&embedded()).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let keeping = Keeping::Folder(folder.path().to_owned());
        let config = Config {
            keeping: keeping.clone(),
            public_url: "https://naosu.example.jp".to_owned(),
            certificate: None,
            reach,
            trust_proxy: false,
            keep_days: naosu_server::KEEP_DAYS,
            // nobody is there: nothing outside is asked
            outside: naosu_server::Outside {
                resolvers: vec![(Ipv4Addr::LOCALHOST, 9).into()],
                ..naosu_server::Outside::default()
            },
        };
        let (listener, address) = loopback();
        let (ready, started) = oneshot::channel();
        let task = tokio::spawn(async move {
            serve(listener, config, knowledge, || ready.send(()).unwrap()).await.unwrap();
        });
        started.await.unwrap();
        Self { address, keeping, task, _folder: folder }
    }

    /// A new token, as a header.
    pub(super) async fn token(&self, role: Role) -> String {
        let token = make_token(&self.keeping, "test", role, 1).await.unwrap();
        format!("Authorization: Bearer {token}\r\n")
    }

    pub(super) async fn get(&self, path: &str, more: &str) -> Answer {
        self.say("GET", path, more, "").await
    }

    pub(super) async fn post(&self, path: &str, more: &str, body: &Value) -> Answer {
        self.say("POST", path, &format!("Content-Type: application/json\r\n{more}"), &body.to_string()).await
    }

    pub(super) async fn say(&self, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        );
        // a server that has seen enough answers and hangs up before all is written
        let _ = stream.write_all(request.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
        let whole = String::from_utf8_lossy(&bytes).into_owned();
        let (head, text) = whole.split_once("\r\n\r\n").unwrap_or((&whole, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), text: text.to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answer {
    /// The body, which is JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer with that status.
    pub(super) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The last word of the problem's name, of an answer that is a problem with that status.
    pub(super) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.field("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// A header field, by its name in lower case as the server writes it.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A program that is told.
pub(super) struct Receiver {
    pub(super) url: String,
    told: mpsc::UnboundedReceiver<Told>,
    task: JoinHandle<()>,
}

/// What it was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) head: String,
    pub(super) body: String,
}

impl Receiver {
    /// One that answers with these statuses in turn, and with the last from then on.
    pub(super) async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, told) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut turn = 0;
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let told = receive(&mut stream).await;
                let status = statuses[turn.min(statuses.len() - 1)];
                turn += 1;
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                if sender.send(told).is_err() {
                    return;
                }
            }
        });
        Self { url, told, task }
    }

    pub(super) async fn next(&mut self) -> Told {
        timeout(PATIENCE, self.told.recv()).await.unwrap().unwrap()
    }

    pub(super) fn was_told(&mut self) -> bool {
        self.told.try_recv().is_ok()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Told {
    pub(super) fn field(&self, name: &str) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
    }
}

async fn receive(stream: &mut TcpStream) -> Told {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut part)).await.unwrap().unwrap();
        bytes.extend(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || length.is_some_and(|length: usize| body.len() >= length) {
            return Told { head: head.to_owned(), body: body.to_owned() };
        }
    }
}
