//! One mail server end to end: name, TCP, TLS, conversation, in one staged observation of `imap`, `pop` or `smtp`.
//!
//! The stages are recorded on their own as well (`dns`, `tcp`, `tls`); the staged observation says how far it went and
//! why no farther. A secret goes only over a verified TLS line, only to a server that is known to be the account's, and
//! at most once.

mod line;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use naosu_core::evidence::ObservationId;
use naosu_core::knowledge::{Protocol, Security};
use serde_json::json;
use tokio::net::TcpStream;

use self::line::{Asking, Line, Turn};
use crate::deadline::Deadline;
use crate::dialog::imap::Imap;
use crate::dialog::pop::Pop;
use crate::dialog::smtp::Smtp;
use crate::dialog::{Aim, Dialog, Transcript};
use crate::dns::{NameProblem, Names};
use crate::others::Others;
use crate::path::path_mtu;
use crate::reach::{NOT_ALLOWED, Permitted, Reach};
use crate::recorder::{Detail, Pending, Recorder, tame_text};
use crate::secret::Credential;
use crate::send_test::TestMessage;
use crate::sign_in::SignIns;
use crate::tcp::{dial, dial_any};
use crate::tls::{Handshake, Secured, Trust, protocol_of, subject};

/// How long a server may keep silent before it is asked whether it wants TLS.
const GREETING_PATIENCE: Duration = Duration::from_millis(2500);

/// How long a server that TLS failed with is listened to for a greeting in the clear.
const BANNER_LIMIT: Duration = Duration::from_secs(2);

/// From this on a wait for one answer is slow.
const SLOW: Duration = Duration::from_millis(2500);

/// How many addresses of one host are tried when the first ones answer and then fail.
const ADDRESSES: usize = 3;

/// A server and what is to be tried with it.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// The protocol it is to speak.
    pub protocol: Protocol,
    /// Its name or address.
    pub host: &'a str,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// The user's mail address, for SMTP.
    pub address: Option<&'a str>,
    /// The sign-in name.
    pub user: &'a str,
    /// Whether somebody who can be trusted says that this is the account's server; nothing is signed in to otherwise.
    pub authentic: bool,
    /// What to sign in with; without it no sign-in is tried.
    pub credential: Option<&'a Credential>,
    /// The sign-ins of the account, of which this may become one.
    pub sign_ins: &'a SignIns,
    /// A message to oneself: SMTP sends it, IMAP looks for it.
    pub test: Option<&'a TestMessage>,
    /// How far it may go.
    pub reach: &'a Reach,
}

impl<'a> Endpoint<'a> {
    /// The same without a credential and a message where the server may be anybody's.
    fn without_what_must_not_leave(&self) -> Self {
        if self.authentic { *self } else { Self { credential: None, test: None, ..*self } }
    }

    fn aim(&self, stream: &TcpStream) -> Aim<'a> {
        let _ = stream.set_nodelay(true);
        Aim {
            security: self.security,
            host: self.host,
            port: self.port,
            user: self.user,
            credential: self.credential,
            address: self.address,
            local: stream.local_addr().ok().map(|address| address.ip()),
        }
    }
}

/// What came of it, for the measurements that follow; everything else is in the record.
#[derive(Debug)]
pub struct MailResult {
    /// The outcome of the variable `imap`, `pop` or `smtp`.
    pub outcome: &'static str,
    /// That observation.
    pub observation: ObservationId,
    /// The addresses of the host.
    pub addresses: Vec<IpAddr>,
    /// The address that was talked to last, where any took the connection.
    pub address: Option<SocketAddr>,
    /// Whether a sign-in was sent.
    pub sign_in_tried: bool,
    /// Whether it was taken.
    pub signed_in: bool,
    /// Whether an answer was slow or never came, so that the loss of packets is worth measuring.
    pub slow: bool,
    /// What the server said that decided the outcome.
    pub reply: Option<String>,
    /// Where the test message was found: `inbox`, `junk` or `elsewhere`, and the folder's name.
    pub found: Option<(String, String)>,
    /// Measurements that go on.
    pub others: Others,
}

/// Checks a mail server as far as it goes.
pub async fn check_mail(
    endpoint: &Endpoint<'_>,
    names: &Names,
    trust: &Trust,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> MailResult {
    let variable = variable(endpoint.protocol);
    let mut pending = recorder.start(variable, subject(endpoint.host, endpoint.port), after);
    pending.detail("security", security_text(endpoint.security)).detail("stage", "name");
    if endpoint.credential.is_some() && !endpoint.authentic {
        pending.detail("sign_in_withheld", "unauthenticated_settings");
    }
    let endpoint = &endpoint.without_what_must_not_leave();
    let looked = names.addresses(endpoint.host, recorder, deadline, after).await;
    looked.after.iter().for_each(|id| pending.wait_for(id.clone()));
    let mut result = MailResult {
        outcome: "name_silent",
        observation: pending.id(),
        addresses: looked.addresses.clone(),
        address: None,
        sign_in_tried: false,
        signed_in: false,
        slow: false,
        reply: None,
        found: None,
        others: looked.others,
    };
    if looked.addresses.is_empty() {
        result.outcome = name_outcome(looked.problem);
        result.slow = result.outcome == "name_silent";
        pending.finish(result.outcome);
        return result;
    }

    let mut left = looked.addresses;
    let mut best: Option<Attempt> = None;
    let mut tried = Vec::new();
    for _ in 0..ADDRESSES {
        let Endpoint { host, port, reach, .. } = *endpoint;
        let race = dial_any(host, port, &left, reach, recorder, deadline, &looked.after).await;
        result.others.join(race.others);
        race.after.iter().for_each(|id| pending.wait_for(id.clone()));
        let Some((stream, to)) = race.winner.and_then(|won| Some((won.stream?, won.to))) else {
            if best.is_none() {
                result.outcome = tcp_outcome(race.outcome);
                result.slow = race.outcome == "silent";
                pending.detail("stage", "tcp");
                pending.finish(result.outcome);
                return result;
            }
            break;
        };
        let visit = Visit { endpoint, to, trust, recorder, deadline, after: &race.after };
        let attempt = Box::pin(visit.run(stream)).await;
        left.retain(|candidate| *candidate != to.address().ip());
        let elsewhere = attempt.worth_another_address() && !left.is_empty();
        if best.as_ref().is_none_or(|best| attempt.reach() > best.reach()) {
            if let Some(worse) = best.replace(attempt) {
                tried.push(worse);
            }
        } else {
            tried.push(attempt);
        }
        if !elsewhere || deadline.remaining().is_zero() {
            break;
        }
    }

    let Some(attempt) = best else {
        pending.finish(result.outcome);
        return result;
    };
    result.outcome = attempt.transcript.outcome;
    result.address = Some(attempt.address);
    result.sign_in_tried = attempt.transcript.sign_in_tried;
    result.signed_in = attempt.transcript.signed_in;
    result.slow = attempt.slow || tried.iter().any(|other| other.slow);
    if !tried.is_empty() {
        let failed: Vec<_> = tried
            .iter()
            .map(|other| json!({ "address": other.address.ip().to_string(), "outcome": other.transcript.outcome }))
            .collect();
        pending.detail("failed_addresses", failed);
    }
    let text = |name: &str| Some(attempt.transcript.detail.get(name)?.as_str()?.to_owned());
    result.found = text("found").zip(text("folder"));
    result.reply = attempt.transcript.reply.as_ref().map(|reply| reply.text.clone());
    let extras = attempt.transcript.extras.clone();
    attempt.record(&mut pending);
    let observation = pending.finish(result.outcome);
    for extra in extras {
        let mut pending = recorder.start(
            extra.variable,
            subject(endpoint.host, endpoint.port),
            std::slice::from_ref(&observation),
        );
        for (name, value) in extra.detail {
            pending.detail(&name, value);
        }
        pending.finish(extra.outcome);
    }
    result
}

/// What came of one address.
struct Attempt {
    address: SocketAddr,
    transcript: Transcript,
    /// The facts of TLS.
    tls: Detail,
    after: Vec<ObservationId>,
    slow: bool,
}

impl Attempt {
    fn record(self, pending: &mut Pending) {
        self.after.iter().for_each(|id| pending.wait_for(id.clone()));
        let transcript = self.transcript;
        for (name, value) in self.tls.into_iter().chain(transcript.detail) {
            pending.detail(&name, value);
        }
        pending
            .detail("address", self.address.ip().to_string())
            .detail("stage", transcript.stage)
            .detail("round_trips", transcript.round_trips)
            .detail("sign_in_tried", transcript.sign_in_tried)
            .detail("signed_in", transcript.signed_in);
        if !transcript.capabilities.is_empty() {
            pending.detail("capabilities", transcript.capabilities);
        }
        if let Some(reply) = transcript.reply {
            pending
                .detail("reply_phase", reply.phase)
                .detail("reply_code", reply.code_value())
                .detail("reply", reply.text);
            if let Some(enhanced) = reply.enhanced {
                pending.detail("reply_enhanced", enhanced);
            }
        }
    }

    /// Whether another address of the same host may do better. Never after a sign-in.
    fn worth_another_address(&self) -> bool {
        !self.transcript.sign_in_tried
            && matches!(
                self.transcript.outcome,
                "tls_stalled"
                    | "tls_closed"
                    | "tls_garbage"
                    | "greeting_silent"
                    | "greeting_closed"
                    | "conversation_silent"
                    | "conversation_closed"
            )
    }

    /// How far it went.
    fn reach(&self) -> u8 {
        match self.transcript.outcome {
            outcome if outcome.starts_with("tls_") => 0,
            "greeting_silent" | "greeting_closed" => 1,
            "conversation_silent" | "conversation_closed" => 2,
            "ok" | "reachable" => 4,
            _ => 3,
        }
    }
}

/// A visit to one address.
#[derive(Clone, Copy)]
struct Visit<'a> {
    endpoint: &'a Endpoint<'a>,
    to: Permitted,
    trust: &'a Trust,
    recorder: &'a Recorder,
    deadline: Deadline,
    after: &'a [ObservationId],
}

impl<'a> Visit<'a> {
    async fn run(self, stream: TcpStream) -> Attempt {
        let aim = self.endpoint.aim(&stream);
        match (self.endpoint.protocol, self.endpoint.test) {
            (Protocol::Imap, None) => Box::pin(self.talk(stream, Imap::new(aim))).await,
            (Protocol::Imap, Some(test)) => {
                let dialog = Imap::new(aim).finding(&test.message_id, test.patience);
                Box::pin(self.talk(stream, dialog)).await
            }
            (Protocol::Pop, _) => Box::pin(self.talk(stream, Pop::new(aim))).await,
            (Protocol::Smtp, None) => Box::pin(self.talk(stream, Smtp::new(aim))).await,
            (Protocol::Smtp, Some(test)) => {
                let dialog = Smtp::new(aim).with_message(test.bytes.clone());
                Box::pin(self.talk(stream, dialog)).await
            }
        }
    }

    async fn talk<D: Dialog>(self, stream: TcpStream, dialog: D) -> Attempt {
        let mut attempt = Attempt {
            address: self.to.address(),
            transcript: Transcript::default(),
            tls: Detail::new(),
            after: Vec::new(),
            slow: false,
        };
        if self.endpoint.security == Security::Tls {
            let secured = self.handshake().run(stream, async || self.again().await).await;
            self.over_tls(secured, dialog, &mut attempt).await;
        } else {
            self.in_the_clear(stream, dialog, &mut attempt).await;
        }
        attempt
    }

    /// Over an encrypted line where it is verified; otherwise says what is wrong with it.
    async fn over_tls<D: Dialog>(self, secured: Secured<TcpStream>, dialog: D, attempt: &mut Attempt) {
        attempt.tls = secured.detail;
        attempt.after.push(secured.observation.clone());
        let verified = if secured.verified { secured.stream } else { None };
        let Some(stream) = verified else {
            attempt.transcript = Transcript { stage: "tls", ..dialog.transcript() };
            attempt.transcript.outcome = tls_outcome(secured.outcome);
            self.explain(secured.outcome, &secured.observation, attempt).await;
            return;
        };
        let mut line = Line::new(stream, dialog, self.deadline);
        if self.endpoint.credential.is_some() {
            let Endpoint { sign_ins, protocol, user, host, .. } = *self.endpoint;
            let (user, host) = (user.to_owned(), host.to_owned());
            line = line.asking(Asking { sign_ins: sign_ins.clone(), protocol, user, host });
        }
        line.run().await;
        attempt.slow = line.slowest >= SLOW;
        attempt.transcript = line.close().await;
    }

    async fn in_the_clear<D: Dialog>(self, stream: TcpStream, dialog: D, attempt: &mut Attempt) {
        let mut line = Line::new(stream, dialog, self.deadline);
        let greeted = line.greeting(self.deadline.within(GREETING_PATIENCE)).await;
        if !greeted && let Some(tls) = self.wants_tls().await {
            attempt.tls = tls;
            attempt.transcript = line.close().await;
            attempt.transcript.outcome = "tls_wanted";
            return;
        }
        let turn = line.run().await;
        attempt.slow = line.slowest >= SLOW;
        if turn == Turn::Done {
            attempt.transcript = line.close().await;
            return;
        }
        let (stream, mut dialog) = line.into_parts();
        let secured = self.handshake().run(stream, async || self.again().await).await;
        if secured.verified {
            dialog.secured();
        }
        self.over_tls(secured, dialog, attempt).await;
    }

    fn handshake(self) -> Handshake<'a> {
        Handshake {
            host: self.endpoint.host,
            port: self.endpoint.port,
            trust: self.trust,
            recorder: self.recorder,
            deadline: self.deadline,
            after: self.after,
        }
    }

    /// A second connection to the same address, ready for the first byte of TLS.
    async fn again(self) -> Option<TcpStream> {
        // the connection is part of an observation that is being made, not one of its own
        let quiet = Recorder::default();
        let dialled = dial(self.to, "tcp", None, &quiet, self.deadline, &[]).await;
        self.ready_for_tls(dialled.stream?).await
    }

    async fn ready_for_tls(self, stream: TcpStream) -> Option<TcpStream> {
        if self.endpoint.security == Security::Tls {
            return Some(stream);
        }
        let aim = Aim { security: Security::Starttls, credential: None, ..self.endpoint.aim(&stream) };
        match self.endpoint.protocol {
            Protocol::Imap => up_to_tls(stream, Imap::new(aim), self.deadline).await,
            Protocol::Pop => up_to_tls(stream, Pop::new(aim), self.deadline).await,
            Protocol::Smtp => up_to_tls(stream, Smtp::new(aim), self.deadline).await,
        }
    }

    /// Whether a server that says nothing in the clear answers a hello; then the facts of that TLS.
    async fn wants_tls(self) -> Option<Detail> {
        let quiet = Recorder::default();
        let dialled = dial(self.to, "tcp", None, &quiet, self.deadline, &[]).await;
        let deadline = self.deadline.within(GREETING_PATIENCE);
        let handshake = Handshake { recorder: &quiet, deadline, ..self.handshake() };
        let secured = handshake.run(dialled.stream?, async || None).await;
        let answered = secured.stream.is_some() || matches!(secured.outcome, "alert" | "too_old");
        answered.then_some(secured.detail)
    }

    /// Finds out more about a handshake that did not come to its end.
    async fn explain(self, outcome: &str, tls: &ObservationId, attempt: &mut Attempt) {
        let nothing = attempt.tls.get("bytes_received").and_then(serde_json::Value::as_u64) == Some(0);
        let direct = self.endpoint.security == Security::Tls;
        let banner = async {
            if direct && nothing && matches!(outcome, "closed" | "stalled") {
                self.banner().await
            } else {
                None
            }
        };
        let small = async {
            if outcome == "stalled" {
                let step = async |stream: TcpStream| self.shakes_hands(stream).await;
                let (host, after) = (self.endpoint.host, std::slice::from_ref(tls));
                let (_, id) = path_mtu(host, self.to, step, self.recorder, self.deadline, after).await;
                Some(id)
            } else {
                None
            }
        };
        let (banner, small) = tokio::join!(banner, small);
        attempt.slow |= outcome == "stalled";
        attempt.after.extend(small);
        if let Some(text) = banner {
            attempt.transcript.outcome = "tls_plaintext";
            attempt.tls.insert("protocol".to_owned(), json!(protocol_of(&text)));
            attempt.tls.insert("text".to_owned(), json!(text));
        }
    }

    async fn shakes_hands(self, stream: TcpStream) -> bool {
        let quiet = Recorder::default();
        let Some(stream) = self.ready_for_tls(stream).await else { return false };
        let handshake = Handshake { recorder: &quiet, ..self.handshake() };
        handshake.run(stream, async || None).await.stream.is_some()
    }

    /// The greeting that a server says in the clear when it is listened to without a hello.
    async fn banner(self) -> Option<String> {
        let quiet = Recorder::default();
        let deadline = self.deadline.within(BANNER_LIMIT);
        let mut stream = dial(self.to, "tcp", None, &quiet, deadline, &[]).await.stream?;
        let mut bytes = [0; 512];
        let count = deadline.run(tokio::io::AsyncReadExt::read(&mut stream, &mut bytes)).await?.ok()?;
        let text = std::str::from_utf8(bytes[..count].split(|byte| *byte == b'\r').next()?).ok()?;
        (!text.is_empty()).then(|| tame_text(text))
    }
}

/// Leads a conversation to the point where TLS begins.
async fn up_to_tls<D: Dialog>(stream: TcpStream, dialog: D, deadline: Deadline) -> Option<TcpStream> {
    let mut line = Line::new(stream, dialog, deadline);
    match line.run().await {
        Turn::StartTls => Some(line.into_parts().0),
        Turn::Done => None,
    }
}

fn variable(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Imap => "imap",
        Protocol::Pop => "pop",
        Protocol::Smtp => "smtp",
    }
}

fn security_text(security: Security) -> &'static str {
    match security {
        Security::Tls => "tls",
        Security::Starttls => "starttls",
        Security::Plain => "plain",
    }
}

pub(crate) fn name_outcome(problem: Option<NameProblem>) -> &'static str {
    match problem {
        Some(NameProblem::NotFound) => "name_not_found",
        Some(NameProblem::NoAddress) | None => "name_no_address",
        Some(NameProblem::Sinkhole) => "name_sinkhole",
        Some(NameProblem::Servfail) => "name_servfail",
        Some(NameProblem::Refused) => "name_refused",
        Some(NameProblem::Silent) => "name_silent",
    }
}

pub(crate) fn tcp_outcome(outcome: &str) -> &'static str {
    match outcome {
        "refused" => "tcp_refused",
        "reset" => "tcp_reset",
        "unreachable" | "no_route" => "tcp_unreachable",
        "prohibited" => "tcp_prohibited",
        NOT_ALLOWED => NOT_ALLOWED,
        _ => "tcp_silent",
    }
}

/// The outcome of a mail variable for one of `tls` other than `ok`.
pub(crate) fn tls_outcome(outcome: &'static str) -> &'static str {
    match outcome {
        "plaintext" => "tls_plaintext",
        "stalled" => "tls_stalled",
        "closed" => "tls_closed",
        "too_old" => "tls_too_old",
        "no_common_cipher" => "tls_no_common_cipher",
        "alert" => "tls_alert",
        "garbage" => "tls_garbage",
        certificate => certificate,
    }
}

#[cfg(test)]
mod tests;
