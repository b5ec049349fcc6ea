//! A web server: the connectivity test and its portals, autoconfig documents, status feeds.

mod feed;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clock::WorldClock;
use crate::fault::{Http, HttpAnswer, Page};
use crate::gate::Gate;
use crate::scenario::fill;
use crate::server::hostile::garbage;
use crate::server::talk::Stream;
use crate::server::tls::{Accepted, Acceptor};

/// A web server ready to run.
pub(crate) struct HttpServer {
    /// What it plays.
    pub(crate) http: Http,
    /// Its TLS side, for https.
    pub(crate) acceptor: Option<Acceptor>,
    /// The world's placeholders.
    pub(crate) values: Arc<BTreeMap<String, String>>,
    /// The domain that autoconfig documents are for.
    pub(crate) domain: String,
    /// The world's clock.
    pub(crate) clock: WorldClock,
}

/// Serves until dropped.
pub(crate) async fn run(gate: Gate, server: HttpServer) {
    let server = Arc::new(server);
    gate.run(move |stream| {
        let server = Arc::clone(&server);
        async move {
            // A client that hangs up is the usual end.
            let _ = server.serve(Box::new(stream)).await;
        }
    })
    .await;
}

impl HttpServer {
    async fn serve(&self, stream: Box<dyn Stream>) -> io::Result<()> {
        let mut stream = match &self.acceptor {
            None => stream,
            Some(acceptor) => match acceptor.accept(stream).await? {
                Accepted::Secure(stream) | Accepted::Plain(stream) => stream,
            },
        };
        let Some(path) = read_request(&mut stream).await? else { return Ok(()) };
        if self.http.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.http.delay_ms)).await;
        }
        let bare = path.split('?').next().unwrap_or(&path);
        match self.http.pages.get(bare) {
            None => self.ready_made(&mut stream, self.http.answer).await?,
            Some(Page { answer: Some(answer), .. }) => self.ready_made(&mut stream, *answer).await?,
            Some(page) => self.page(&mut stream, page).await?,
        }
        stream.shutdown().await
    }

    async fn page(&self, stream: &mut Box<dyn Stream>, page: &Page) -> io::Result<()> {
        let (content_type, body) = if let Some(feed) = &page.feed {
            ("application/json", feed::document(feed, self.clock.now()))
        } else if page.autoconfig {
            ("text/xml", fill(AUTOCONFIG, &self.values).replace("{domain}", &self.domain))
        } else {
            (page.content_type.as_str(), fill(&page.body, &self.values))
        };
        let mut headers = format!("Content-Type: {content_type}\r\n");
        for (name, value) in &page.headers {
            headers.extend([name, ": ", &fill(value, &self.values), "\r\n"]);
        }
        self.send(stream, page.status, &headers, &body).await
    }

    async fn ready_made(&self, stream: &mut Box<dyn Stream>, answer: HttpAnswer) -> io::Result<()> {
        const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n";
        match answer {
            HttpAnswer::AppleSuccess => {
                let body = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n";
                self.send(stream, 200, "Content-Type: text/html\r\n", body).await
            }
            HttpAnswer::Altered => {
                let body =
                    "<html><head><title>Blocked</title></head><body>This request was blocked.</body></html>";
                self.send(stream, 200, HTML, body).await
            }
            HttpAnswer::Close => Ok(()),
            HttpAnswer::Garbage => stream.write_all(&garbage(80, 4_096)).await,
            HttpAnswer::Mute => std::future::pending().await,
            HttpAnswer::NoContent => self.send(stream, 204, "", "").await,
            HttpAnswer::NotFound => self.send(stream, 404, HTML, "<html><body>Not found</body></html>").await,
            HttpAnswer::PortalPage => self.send(stream, 200, HTML, PORTAL).await,
            HttpAnswer::PortalRedirect => {
                let headers =
                    "Location: http://portal.wifi.test/login?continue=1\r\nCache-Control: no-store\r\n";
                self.send(stream, 302, headers, "").await
            }
            HttpAnswer::ServerError => {
                self.send(stream, 503, "Retry-After: 120\r\n", "Service unavailable").await
            }
            HttpAnswer::XmlBomb => self.send(stream, 200, "Content-Type: text/xml\r\n", &xml_bomb()).await,
            HttpAnswer::HugeLength => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4611686018427387904\r\n\r\n").await?;
                std::future::pending().await
            }
            HttpAnswer::EndlessHeaders => {
                let line = format!("X-Filler: {}\r\n", "a".repeat(512));
                endlessly(stream, "HTTP/1.1 200 OK\r\n", line.repeat(16).as_bytes()).await
            }
            HttpAnswer::EndlessBody => {
                endlessly(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &[b'a'; 8_192]).await
            }
            HttpAnswer::ChunksWithoutEnd => {
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                endlessly(stream, head, "1\r\na\r\n".repeat(1_024).as_bytes()).await
            }
        }
    }

    async fn send(
        &self,
        stream: &mut Box<dyn Stream>,
        status: u16,
        headers: &str,
        body: &str,
    ) -> io::Result<()> {
        let date = self.clock.http_date();
        let length =
            if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!(
            "HTTP/1.1 {status} {}\r\nDate: {date}\r\n{length}{headers}Connection: close\r\n\r\n",
            reason(status)
        );
        stream.write_all((head + body).as_bytes()).await?;
        stream.flush().await
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        403 => "Forbidden",
        404 => "Not Found",
        511 => "Network Authentication Required",
        _ => "Service Unavailable",
    }
}

/// Reads the head of a request, 16 KiB at most, and gives its path; none for what is no GET or HEAD.
async fn read_request(stream: &mut Box<dyn Stream>) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut piece = [0; 1_024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let length = stream.read(&mut piece).await?;
        if length == 0 || head.len() > 16 * 1_024 {
            return Ok(None);
        }
        head.extend_from_slice(&piece[..length]);
    }
    let line =
        String::from_utf8_lossy(head.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    let mut words = line.split(' ');
    let known = matches!(words.next(), Some("GET" | "HEAD"));
    Ok(words.next().filter(|_| known).map(str::to_owned))
}

async fn endlessly(stream: &mut Box<dyn Stream>, head: &str, piece: &[u8]) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(piece).await?;
        stream.flush().await?;
        // A world has one thread for all its servers: leave the others some of it.
        tokio::task::yield_now().await;
    }
}

/// Ten entities, each ten times the one before.
fn xml_bomb() -> String {
    let mut document =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE clientConfig [<!ENTITY e0 \"bombbombbomb\">\n".to_owned();
    for level in 1..10 {
        let below = format!("&e{};", level - 1).repeat(10);
        document.extend(["<!ENTITY e", &level.to_string(), " \"", &below, "\">\n"]);
    }
    document.push_str("]>\n<clientConfig version=\"1.1\"><emailProvider id=\"&e9;\"/></clientConfig>\n");
    document
}

const PORTAL: &str = "<!DOCTYPE html><html><head><title>Free Wi-Fi</title></head><body>\
<h1>Welcome / ようこそ</h1><form action=\"/login\" method=\"post\"><input name=\"room\"><input type=\"password\" name=\"code\">\
<button>Sign in / ログイン</button></form></body></html>";

const AUTOCONFIG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<clientConfig version=\"1.1\">
  <emailProvider id=\"{domain}\">
    <domain>{domain}</domain>
    <displayName>{domain}</displayName>
    <incomingServer type=\"imap\">
      <hostname>{imap.host}</hostname><port>{imap.port}</port><socketType>{imap.socket}</socketType>
      <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
    </incomingServer>
    <incomingServer type=\"pop3\">
      <hostname>{pop.host}</hostname><port>{pop.port}</port><socketType>{pop.socket}</socketType>
      <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type=\"smtp\">
      <hostname>{smtp.host}</hostname><port>{smtp.port}</port><socketType>{smtp.socket}</socketType>
      <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>
</clientConfig>
";
