//! A browser as far as measuring needs one, and how figures are told. Shared by the examples that measure.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_mins(1);

/// Times as a line: how many, median, 99 of 100, longest.
pub(crate) fn told_times(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else { return "no answers".to_owned() };
    let at = |percent: usize| times[(times.len() * percent / 100).min(last)];
    let [half, p99, most] = [at(50), at(99), at(100)].map(|time| time.as_secs_f64() * 1e3);
    format!("{:5} answers, ms: median {half:6.1}  p99 {p99:6.1}  longest {most:6.1}", times.len())
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where the browser is sent to.
    pub(crate) location: Option<String>,
    cookie: Option<String>,
    pub(crate) body: String,
}

/// A connection that stays, with its cookie.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    cookie: String,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "this is the browser")]
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), cookie: String::new() })
    }

    /// A page that is there.
    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        let answer = self.send(&format!("GET {path}"), "")?;
        if answer.status == 200 { Ok(answer) } else { bail!("{path}: {}", answer.status) }
    }

    /// Sends a form; whatever it is answered with.
    pub(crate) fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Result<Answer> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = self.send(&format!("POST {path}"), &body)?;
        if let Some(cookie) = &answer.cookie {
            self.cookie.clone_from(cookie);
        }
        Ok(answer)
    }

    fn send(&mut self, what: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "{what} HTTP/1.1\r\nHost: naosu.test\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut answer = Answer { status: 0, location: None, cookie: None, body: String::new() };
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("{what}: hung up");
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                answer.status = rest.get(..3).context("a status")?.parse()?;
            } else if let Some((name, value)) = line.split_once(": ") {
                match name {
                    "content-length" => length = value.parse()?,
                    "location" => answer.location = Some(value.to_owned()),
                    "set-cookie" => answer.cookie = value.split(';').next().map(str::to_owned),
                    _ => {}
                }
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        answer.body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(answer)
    }
}
