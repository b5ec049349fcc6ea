//! A server for a test, and what is said to it byte by byte.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::time::Duration;

use naosu_core::knowledge::{Knowledge, embedded};
use naosu_server::{Config, Keeping, Policy, listen, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A port of this machine for a server.
pub(crate) fn loopback() -> (TcpListener, SocketAddr) {
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A server on loopback with an empty database; it ends with the test.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) keeping: Keeping,
    task: JoinHandle<()>,
    _folder: TempDir,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Serving {
    pub(crate) async fn start(trust_proxy: bool) -> Self {
        static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
        let knowledge = KNOWLEDGE.get_or_init(|| Knowledge::load(&embedded()).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let keeping = Keeping::Folder(folder.path().to_owned());
        let config = Config {
            keeping: keeping.clone(),
            public_url: "https://naosu.example.jp".to_owned(),
            certificate: None,
            reach: Policy::Public,
            trust_proxy,
            keep_days: naosu_server::KEEP_DAYS,
            outside: naosu_server::Outside::default(),
        };
        let (listener, address) = loopback();
        let (ready, started) = oneshot::channel();
        let task = tokio::spawn(async move {
            serve(listener, config, knowledge, || ready.send(()).unwrap()).await.unwrap();
        });
        started.await.unwrap();
        Self { address, keeping, task, _folder: folder }
    }

    /// The answer to these bytes on a connection of their own.
    pub(crate) async fn say(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // a server that has seen enough answers and hangs up before all is written
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str, more: &str) -> Answer {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: naosu.example.jp\r\nConnection: close\r\n{more}\r\n");
        self.say(request.as_bytes()).await
    }

    pub(crate) async fn post(&self, path: &str, more: &str, body: &[u8]) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let length = body.len();
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: naosu.example.jp\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}\r\n"
        )
        .into_bytes();
        request.extend(body);
        self.say(&request).await
    }

    /// A new case; the path of its link.
    pub(crate) async fn open(&self, words: &str) -> String {
        let opened = self.post("/cases", "", format!("words={words}").as_bytes()).await;
        assert_eq!(opened.status, 303, "{opened:?}");
        opened.field("location").unwrap_or_default().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answer {
    /// A header field, by its name in lower case as the server writes it.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
