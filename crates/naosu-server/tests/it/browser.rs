//! A server in a folder of its own, and a browser without JavaScript: it keeps cookies, and follows where it is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use naosu_core::knowledge::Knowledge;
use naosu_server::{Config, Keeping, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::serving::loopback;

static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| Knowledge::built_in().expect("the built-in knowledge is sound"));

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            keeping: Keeping::Folder(folder.path().to_owned()),
            public_url: "http://naosu.example".to_owned(),
            certificate: None,
            reach: naosu_server::Policy::Public,
            trust_proxy: false,
            keep_days: naosu_server::KEEP_DAYS,
            outside: naosu_server::Outside::default(),
        };
        let (listener, address) = loopback();
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            serve(listener, config, &KNOWLEDGE, || tell.send(()).unwrap()).await.unwrap();
        });
        told.await.unwrap();
        Self { address, task, _folder: folder }
    }

    /// A browser that prefers that language.
    pub(crate) fn browser(&self, lang: &str) -> Browser {
        Browser { address: self.address, lang: lang.to_owned(), cookies: BTreeMap::new(), at: "/".to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Page {
    /// The value of the first `name="…"` after `before`.
    pub(crate) fn value(&self, before: &str, name: &str) -> String {
        let (_, after) =
            self.body.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.body));
        let (_, value) = after.split_once(&format!("{name}=\"")).expect("an attribute");
        value.split('"').next().unwrap().to_owned()
    }

    /// The heading of the page.
    pub(crate) fn heading(&self) -> String {
        let (_, after) = self.body.split_once("<h1").unwrap_or_else(|| panic!("no heading: {}", self.body));
        let (_, text) = after.split_once('>').unwrap();
        text.split("</h1>").next().unwrap().to_owned()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

pub(crate) struct Browser {
    address: SocketAddr,
    lang: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The path of the page it shows.
    pub(crate) at: String,
}

impl Browser {
    /// Opens a page, following where it is sent.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let page = self.send("GET", path, "", Vec::new()).await;
        self.follow(path, page).await
    }

    /// Sends a form, following where it is sent.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post_only(path, fields).await;
        self.follow(path, page).await
    }

    /// Sends a form.
    pub(crate) async fn post_only(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.send("POST", path, "application/x-www-form-urlencoded", body.join("&").into_bytes()).await
    }

    /// Sends a picture.
    pub(crate) async fn upload(&mut self, path: &str, name: &str, picture: &[u8]) -> Page {
        let mut body = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(picture);
        body.extend_from_slice(b"\r\n--frontier--\r\n");
        self.send("POST", path, "multipart/form-data; boundary=frontier", body).await
    }

    async fn follow(&mut self, path: &str, page: Page) -> Page {
        path.clone_into(&mut self.at);
        let mut page = page;
        for _ in 0..5 {
            if page.status != 303 {
                break;
            }
            let to = page.headers["location"].clone();
            page = self.send("GET", &to, "", Vec::new()).await;
            self.at = to;
        }
        page
    }

    /// One request, one answer.
    pub(crate) async fn send(&mut self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Page {
        let path = path.split('#').next().unwrap();
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept-Language: {}\r\nCookie: {}\r\nContent-Length: {}\r\n",
            self.address,
            self.lang,
            cookies.join("; "),
            body.len()
        );
        if !kind.is_empty() {
            request.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // a server that refuses a large body may hang up before it has read all of it
        drop(stream.write_all(&body).await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        let page = parsed(&answer);
        if let Some(cookie) = page.headers.get("set-cookie")
            && let Some((name, value)) = cookie.split(';').next().unwrap().split_once('=')
        {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        page
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

fn parsed(answer: &[u8]) -> Page {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with headers");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = answer[end + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") {
        body = unchunked(&body);
    }
    Page { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}
