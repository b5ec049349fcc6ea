//! Names as the system resolves them, hosts file included.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, RecordType};
use naosu_core::evidence::ObservationId;
use tokio::sync::oneshot;

use super::ask::{self, Reply};
use super::message::bare;
use super::view::{View, ask_all, finish, listen};
use super::{Asked, Looked, addresses_of, worst};
use crate::deadline::Deadline;
use crate::others::Others;
use crate::recorder::{Pending, Recorder};
use crate::vantage;

/// After this long without a word from the system its resolvers are asked directly as well.
const DOUBT: Duration = Duration::from_secs(1);

/// The system's own answer; what it leaves open is asked of its resolvers directly, because it does not tell a missing
/// name from a failing or silent resolver.
pub(super) async fn addresses(
    name: &Name,
    recorder: &Recorder,
    deadline: Deadline,
    after: &[ObservationId],
) -> Looked {
    let deadline = deadline.within(ask::LIMIT);
    let host = bare(name);
    let start = |kind: RecordType| recorder.start("dns", format!("{host} {kind}"), after);
    let (four, six) = (start(RecordType::A), start(RecordType::AAAA));
    let mut answer = lookup(host.clone());
    let answer = if let Some(answer) = deadline.within(DOUBT).run(&mut answer).await {
        answer.ok()
    } else {
        let direct = Direct::ask(name, recorder, deadline);
        let (direct_four, direct_six, others) = direct.both().await;
        // the system goes on to the next resolver by itself, a direct answer is as good
        let late = answer.try_recv().ok();
        if !matches!(late, Some(Ok(_))) {
            return conclude(vec![(four, direct_four), (six, direct_six)], others, recorder);
        }
        late
    };
    match answer {
        Some(Ok(found)) => {
            let has = |is_six: bool| found.iter().any(|address| address.is_ipv6() == is_six);
            let mut views = Vec::new();
            let mut others = Others::none();
            for (pending, kind, is_six) in [(six, RecordType::AAAA, true), (four, RecordType::A, false)] {
                if has(is_six) {
                    views.push(from_system(pending, name, &found, is_six));
                } else {
                    others.add(tokio::spawn(left_open(pending, name.clone(), kind, deadline)));
                }
            }
            let addresses = addresses_of(&views);
            let problem = if addresses.is_empty() { worst(&views) } else { None };
            let after = views.into_iter().map(|view| view.observation).collect();
            Looked { addresses, problem, after, others }
        }
        failed => {
            let direct = Direct::ask(name, recorder, deadline);
            let (direct_four, direct_six, others) = direct.both().await;
            let mut families = vec![(four, direct_four), (six, direct_six)];
            let addresses: Vec<IpAddr> =
                families.iter().flat_map(|(_, view)| addresses_of(std::slice::from_ref(view))).collect();
            // where its resolvers know the name the system itself fails: that is recorded, and the run goes on
            for (pending, view) in families.iter_mut().filter(|(_, view)| view.reply.outcome == "answer") {
                view.reply = Reply::failed("servfail");
                if let Some(Err(error)) = &failed {
                    pending.detail("system_error", error.to_string());
                }
            }
            let looked = conclude(families, others, recorder);
            let problem = looked.problem.filter(|_| addresses.is_empty());
            Looked { addresses, problem, ..looked }
        }
    }
}

/// Asks the system on a thread of its own: unlike a runtime's blocking thread it holds nothing up when it hangs.
fn lookup(host: String) -> oneshot::Receiver<io::Result<Vec<IpAddr>>> {
    let (done, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let found = (host.as_str(), 0)
            .to_socket_addrs()
            .map(|addresses| addresses.map(|address| address.ip()).take(64).collect::<Vec<_>>());
        let _ = done.send(found);
    });
    answer
}

/// What the system says of one family; of this device (`localhost`) it may say that it is here.
fn from_system(pending: Pending, name: &Name, found: &[IpAddr], is_six: bool) -> View {
    let here = name.num_labels() < 2 || bare(name).ends_with(".localhost");
    let mut records: Vec<RData> = Vec::new();
    for address in found.iter().filter(|address| address.is_ipv6() == is_six) {
        let data = match address {
            IpAddr::V4(four) => RData::A(A(*four)),
            IpAddr::V6(six) => RData::AAAA(AAAA(*six)),
        };
        if !records.contains(&data) {
            records.push(data);
        }
    }
    let outcome = if ask::leads_nowhere(&records, here) { "sinkhole" } else { "answer" };
    let reply = Reply { records, ..Reply::failed(outcome) };
    let observation = finish(pending, "system", &reply);
    View { server: ([0, 0, 0, 0], 0).into(), reply, observation }
}

/// The family for which the system has no address: why, the first resolver says.
async fn left_open(pending: Pending, name: Name, kind: RecordType, deadline: Deadline) {
    let Some(server) = vantage::resolvers().into_iter().next() else { return };
    let mut reply = ask::ask(server, &name, kind, deadline).await;
    if matches!(reply.outcome, "nxdomain" | "answer") {
        // the name is in the hosts file, or the system does not want that family
        reply = Reply::failed("no_data");
    }
    finish(pending, "system", &reply);
}

/// Both families asked of the system's resolvers.
struct Direct {
    four: Asked,
    six: Asked,
}

impl Direct {
    fn ask(name: &Name, recorder: &Recorder, deadline: Deadline) -> Self {
        let servers = vantage::resolvers();
        // one resolver says the same as the system: no observation of its own
        let quiet = Recorder::default();
        let recorder = if servers.len() > 1 { recorder } else { &quiet };
        let ask = |kind| ask_all(&servers, name, kind, recorder, deadline, &[]);
        Self { four: ask(RecordType::A), six: ask(RecordType::AAAA) }
    }

    async fn both(mut self) -> (View, View, Others) {
        let mut others = std::mem::take(&mut self.four.others);
        others.join(std::mem::take(&mut self.six.others));
        let (four, six) = tokio::join!(self.four.chosen(), self.six.chosen());
        (four, six, others)
    }
}

fn conclude(families: Vec<(Pending, View)>, others: Others, recorder: &Recorder) -> Looked {
    let mut views = Vec::new();
    for (pending, mut view) in families {
        let about = pending.subject().to_owned();
        view.observation = finish(pending, "system", &view.reply);
        listen(about, "system", &view.reply, &view.observation, recorder);
        views.push(view);
    }
    let addresses = addresses_of(&views);
    let problem = if addresses.is_empty() { worst(&views) } else { None };
    let after = views.into_iter().map(|view| view.observation).collect();
    Looked { addresses, problem, after, others }
}
