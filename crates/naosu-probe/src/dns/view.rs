//! One question to several resolvers side by side.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RecordType};
use naosu_core::evidence::ObservationId;
use tokio::sync::{mpsc, oneshot};

use super::Asked;
use super::ask::{Reply, ask};
use super::message::{Readable, bare};
use crate::deadline::Deadline;
use crate::others::Others;
use crate::recorder::{Pending, Recorder};

/// Public resolvers for a second view, when the system's own are in doubt: Quad9 and Cloudflare.
const PUBLIC: [IpAddr; 2] =
    [IpAddr::V4(std::net::Ipv4Addr::new(9, 9, 9, 9)), IpAddr::V4(std::net::Ipv4Addr::new(1, 1, 1, 1))];

/// How long an earlier resolver is awaited once a later one has a good answer.
const GRACE: Duration = Duration::from_millis(300);

/// What one resolver said.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) server: SocketAddr,
    pub(super) reply: Reply,
    pub(super) observation: ObservationId,
}

/// Asks every resolver, each its own observation. The first in the given order that has an answer is chosen, without
/// one the first with a reply; the comparison (`dns_views`) follows when all have replied.
pub(super) fn ask_all(
    servers: &[SocketAddr],
    name: &Name,
    kind: RecordType,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Asked {
    let (done, views) = mpsc::channel(servers.len().max(1));
    let subject = format!("{} {kind}", bare(name));
    for (index, server) in servers.iter().copied().enumerate() {
        let pending = recorder.start("dns", about_of(&subject, server, servers.len()), after);
        let about = about_of(&subject, server, servers.len());
        let (name, done, recorder) = (name.clone(), done.clone(), recorder.clone());
        tokio::spawn(async move {
            let reply = ask(server, &name, kind, deadline).await;
            let observation = finish(pending, &server_name(server), &reply);
            listen(about, &server_name(server), &reply, &observation, &recorder);
            let _ = done.send((index, View { server, reply, observation })).await;
        });
    }
    if servers.is_empty() {
        let pending = recorder.start("dns", subject.clone(), after);
        let reply = Reply::failed("silent");
        let observation = finish(pending, "", &reply);
        let server = SocketAddr::from(([0, 0, 0, 0], 0));
        let _ = done.try_send((0, View { server, reply, observation }));
    }
    let (choose, chosen) = oneshot::channel();
    let comparison = recorder.clone();
    let count = servers.len().max(1);
    let task = tokio::spawn(collect(count, views, choose, subject, comparison));
    let mut others = Others::none();
    others.add(task);
    Asked { chosen, others }
}

/// Asks the public resolvers and compares them with the system's own.
pub(super) async fn second(
    own: &[SocketAddr],
    name: &Name,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Vec<IpAddr> {
    let public = PUBLIC.into_iter().map(|address| SocketAddr::new(address, 53));
    let servers: Vec<SocketAddr> = own.iter().take(1).copied().chain(public).collect();
    let asked = ask_all(&servers, name, RecordType::A, recorder, deadline, after);
    let Asked { chosen, others } = asked;
    let Ok(view) = chosen.await else { return Vec::new() };
    others.ended(deadline).await;
    if own.contains(&view.server) { Vec::new() } else { super::addresses_of(&[view]) }
}

async fn collect(
    count: usize,
    mut views: mpsc::Receiver<(usize, View)>,
    choose: oneshot::Sender<View>,
    subject: String,
    recorder: Recorder,
) {
    let mut seen: Vec<Option<View>> = vec![None; count];
    let mut choose = Some(choose);
    let mut patience: Option<Deadline> = None;
    loop {
        let next = match patience {
            Some(limit) if choose.is_some() => limit.run(views.recv()).await,
            _ => Some(views.recv().await),
        };
        match next {
            Some(Some((index, view))) => seen[index] = Some(view),
            Some(None) => break,
            None => {
                let first = seen.iter().flatten().find(|view| view.reply.outcome == "answer");
                if let (Some(view), Some(choose)) = (first, choose.take()) {
                    let _ = choose.send(view.clone());
                }
                continue;
            }
        }
        if let Some(view) = decided(&seen)
            && let Some(choose) = choose.take()
        {
            let _ = choose.send(view.clone());
        }
        if patience.is_none() && seen.iter().flatten().any(|view| view.reply.outcome == "answer") {
            patience = Some(Deadline::after(GRACE));
        }
        if seen.iter().all(Option::is_some) {
            break;
        }
    }
    let all: Vec<View> = seen.into_iter().flatten().collect();
    if let (Some(choose), Some(view)) = (choose.take(), all.first()) {
        let _ = choose.send(view.clone());
    }
    if count > 1 {
        compare(&all, subject, &recorder);
    }
}

/// The view that counts, once nothing can change it any more.
fn decided(seen: &[Option<View>]) -> Option<&View> {
    for view in seen {
        let view = view.as_ref()?;
        if view.reply.outcome == "answer" {
            return Some(view);
        }
    }
    let all = || seen.iter().flatten();
    all().find(|view| is_reply(view.reply.outcome)).or_else(|| all().next())
}

fn is_reply(outcome: &str) -> bool {
    matches!(outcome, "answer" | "no_data" | "nxdomain" | "sinkhole")
}

/// Records how the resolvers' replies stand to each other.
fn compare(views: &[View], subject: String, recorder: &Recorder) {
    let after: Vec<ObservationId> = views.iter().map(|view| view.observation.clone()).collect();
    let mut pending = recorder.start("dns_views", subject, &after);
    let words = views.iter().map(|view| {
        let said =
            if view.reply.outcome == "answer" { text(&view.reply) } else { view.reply.outcome.to_owned() };
        format!("{}: {said}", server_name(view.server))
    });
    pending.detail("views", words.collect::<Vec<_>>().join("; "));
    let replies: Vec<&View> = views.iter().filter(|view| is_reply(view.reply.outcome)).collect();
    let answered = views.iter().any(|view| view.reply.outcome == "answer");
    // "no such name", or an address of nowhere, for a name that another resolver knows is a failure too
    let first_fails = views.first().is_some_and(|view| {
        !is_reply(view.reply.outcome) || (matches!(view.reply.outcome, "nxdomain" | "sinkhole") && answered)
    });
    let outcome = match replies.as_slice() {
        [] => "unmeasured",
        _ if first_fails => "first_fails",
        [_] => "unmeasured",
        [first, rest @ ..] if rest.iter().all(|view| agree(&first.reply, &view.reply)) => "agree",
        _ => "differ",
    };
    pending.finish(outcome);
}

/// Whether two resolvers say the same: large providers give each resolver another choice of their addresses, so one
/// record in common is enough.
fn agree(one: &Reply, other: &Reply) -> bool {
    let set = |reply: &Reply| -> BTreeSet<String> {
        reply.records.iter().map(|data| Readable(data).to_string().to_ascii_lowercase()).collect()
    };
    one.outcome == other.outcome && (one.records.is_empty() || !set(one).is_disjoint(&set(other)))
}

/// Writes the reply into its observation.
pub(super) fn finish(mut pending: Pending, server: &str, reply: &Reply) -> ObservationId {
    pending.detail("server", server);
    if matches!(reply.outcome, "answer" | "sinkhole") {
        pending.detail("answers", text(reply));
    }
    if let Some(code) = reply.code {
        pending.detail("rcode", code_name(code));
    }
    if let Some(round_trip) = reply.round_trip {
        pending.detail("rtt_ms", u64::try_from(round_trip.as_millis()).unwrap_or(u64::MAX));
    }
    if !reply.chain.is_empty() {
        pending.detail("cname", reply.chain.join(", "));
    }
    if reply.over_tcp {
        pending.detail("transport", "tcp");
    }
    pending.finish(reply.outcome)
}

/// Records the answer to a question that was given up, should it still come while the run goes on. Nothing waits for
/// it.
pub(super) fn listen(
    about: String,
    server: &str,
    reply: &Reply,
    observation: &ObservationId,
    recorder: &Recorder,
) {
    let Some(open) = reply.open.clone() else { return };
    let (server, after, recorder) = (server.to_owned(), [observation.clone()], recorder.clone());
    tokio::spawn(async move {
        let Some((records, took)) = open.answer().await else { return };
        let mut pending = recorder.start("dns", about, &after);
        let late = Reply { records, ..Reply::failed("late") };
        pending
            .detail("server", server)
            .detail("answers", text(&late))
            .detail("rtt_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        pending.finish("late");
    });
}

/// A question's subject: with its resolver, where several are asked.
fn about_of(subject: &str, server: SocketAddr, count: usize) -> String {
    if count > 1 { at(subject, server) } else { subject.to_owned() }
}

/// The records of a reply as one text.
pub(super) fn text(reply: &Reply) -> String {
    let words: Vec<String> = reply.records.iter().take(16).map(|data| Readable(data).to_string()).collect();
    words.join(", ")
}

/// A resolver as it is shown: without the usual port.
pub(super) fn server_name(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

pub(super) fn at(subject: &str, server: SocketAddr) -> String {
    format!("{subject} @{}", server_name(server))
}

fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        other => format!("{}", u16::from(other)),
    }
}
