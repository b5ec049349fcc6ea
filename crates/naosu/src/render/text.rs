//! A report as a person reads it: the findings, the cause, the next step.

use std::fmt::Write;

use naosu_core::diagnosis::{RankedCause, Verdict, state};
use naosu_core::evidence::{Observation, ObservationId};
use naosu_core::knowledge::{Knowledge, Lang, State};
use naosu_core::report::Report;
use naosu_core::sentence::{sentence, variable_name};
use unicode_width::UnicodeWidthStr;

use super::page::{Page, Tone, padded, tame};
use crate::language::pick;
use naosu_papers::moment;

/// Variables that always have a line, in the order of the lines.
const SHOWN: [&str; 11] = [
    "connectivity",
    "clock",
    "dns",
    "imap",
    "pop",
    "smtp",
    "apple_sign_in",
    "apple_push",
    "apple_identity",
    "apple_activation",
    "apple_icloud",
];

/// Variables that have a line only when they are bad news.
const SHOWN_IF_BAD: [&str; 17] = [
    "clock_certificates",
    "resolver_config",
    "dns_canary",
    "dns_views",
    "proxy_reach",
    "disk",
    "path_mtu",
    "packet_loss",
    "settings",
    "imap_quota",
    "smtp_size",
    "send_test",
    "mx",
    "mx_hosts",
    "spf",
    "dmarc",
    "status",
];

/// Outcomes that have a line although they are neither good nor bad.
const NOTABLE: [(&str, &str); 15] = [
    ("imap_quota", "nearly_full"),
    ("send_test", "arrived_inbox"),
    ("vpn", "default_route"),
    ("vpn", "target_route"),
    ("proxy", "set"),
    ("hosts_file", "overrides"),
    ("settings", "host_differs"),
    ("settings", "port_differs"),
    ("settings", "security_differs"),
    ("settings", "sources_disagree"),
    ("settings", "unconfirmed"),
    ("settings", "next_used"),
    ("settings", "domain_resembles"),
    ("user_name", "differs"),
    ("dns_views", "differ"),
];

/// How much of a report is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail {
    /// Every observation.
    pub(crate) verbose: bool,
    /// The next step; not where a guided case follows, which begins with it.
    pub(crate) step: bool,
}

/// The report as text for that page.
pub(crate) fn text(knowledge: &Knowledge, report: &Report, lang: Lang, page: Page, detail: Detail) -> String {
    let view = View { knowledge, report, lang, page };
    let mut out = view.title();
    out.push('\n');
    out.push_str(&view.findings());
    out.push('\n');
    out.push_str(&view.verdict());
    if detail.step {
        out.push_str(&view.next());
    }
    if detail.verbose {
        out.push('\n');
        out.push_str(&view.observations());
    }
    out
}

struct View<'a> {
    knowledge: &'a Knowledge,
    report: &'a Report,
    lang: Lang,
    page: Page,
}

/// A line of the findings.
struct Line<'a> {
    tone: Tone,
    head: &'a str,
    text: String,
}

impl View<'_> {
    fn title(&self) -> String {
        let seconds = tenths(self.report.timing.total_ms);
        let title = match (&self.report.account.address, self.lang) {
            (Some(address), Lang::En) => format!("Checked {address} ({seconds} s)"),
            (Some(address), Lang::Ja) => format!("{address} を調べました({seconds} 秒)"),
            (None, Lang::En) => format!("Checked this device and its network ({seconds} s)"),
            (None, Lang::Ja) => format!("この端末とネットワークを調べました({seconds} 秒)"),
        };
        self.page.paint(Tone::Strong, &tame(&title)) + "\n"
    }

    fn findings(&self) -> String {
        let lines = self.lines();
        let columns = lines.iter().map(|line| line.head.width()).max().unwrap_or(0) + 3;
        let mut out = String::new();
        for line in lines {
            let mark = match line.tone {
                Tone::Good => "✓",
                Tone::Bad => "✗",
                Tone::Note => "!",
                Tone::Quiet | Tone::Strong => "–",
            };
            let head = format!("  {} {}", self.page.paint(line.tone, mark), padded(line.head, columns));
            out.push_str(&self.page.hanging(&head, columns + 4, &line.text));
        }
        out
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let all = &self.report.evidence.observations;
        let mut lines = Vec::new();
        for variable in SHOWN {
            match variable {
                "connectivity" => lines.extend(self.internet()),
                "dns" => {
                    lines.extend(self.names());
                    self.others(&mut lines);
                }
                _ => lines.extend(all.iter().filter(|o| o.variable == variable).map(|o| self.line(o))),
            }
        }
        lines.extend(self.notices());
        lines
    }

    /// Both address families in one line while one of them works.
    fn internet(&self) -> Option<Line<'_>> {
        let mut tests: Vec<&Observation> = self.of("connectivity").collect();
        tests.sort_by(|a, b| a.subject.cmp(&b.subject));
        let online = tests.iter().any(|test| test.outcome == "online");
        let head = variable_name(self.knowledge, "connectivity", self.lang);
        if !online {
            let worst = tests.iter().find(|test| self.state(test) == Some(State::Bad)).or(tests.first())?;
            return Some(self.line(worst));
        }
        let families = tests.iter().map(|test| {
            let family = if test.subject == "ipv6" { "IPv6" } else { "IPv4" };
            match (test.outcome.as_str(), self.lang) {
                ("online", _) => format!("{family} {} ms", test.number("rtt_ms").unwrap_or(0.0)),
                ("no_route" | "no_address", Lang::En) => format!("no {family}"),
                ("no_route" | "no_address", Lang::Ja) => format!("{family}なし"),
                (_, Lang::En) => format!("{family} fails"),
                (_, Lang::Ja) => format!("{family}は不通"),
            }
        });
        let families = families.collect::<Vec<_>>().join(pick(self.lang, ", ", "・"));
        let text =
            pick(self.lang, format!("connected ({families})"), format!("つながっています({families})"));
        Some(Line { tone: Tone::Good, head, text })
    }

    /// The names of the mail servers: those that fail, else the first that resolved.
    fn names(&self) -> Vec<Line<'_>> {
        let hosts: Vec<&str> = self
            .report
            .evidence
            .observations
            .iter()
            .filter(|o| {
                matches!(o.variable.as_str(), "imap" | "pop" | "smtp") || o.variable.starts_with("apple_")
            })
            .map(|o| o.subject.rsplit_once(':').map_or(o.subject.as_str(), |(host, _)| host))
            .collect();
        let asked = |o: &&Observation| hosts.iter().any(|host| o.subject.split(' ').next() == Some(*host));
        // one line for each name: that both A and AAAA fail says no more
        let mut names: Vec<(&str, &str)> = Vec::new();
        let bad: Vec<Line<'_>> = self
            .of("dns")
            .filter(asked)
            .filter(|o| self.state(o) == Some(State::Bad))
            .filter(|o| {
                let name = (o.subject.split(' ').next().unwrap_or_default(), o.outcome.as_str());
                let new = !names.contains(&name);
                names.push(name);
                new
            })
            .take(3)
            .map(|o| self.line(o))
            .collect();
        if !bad.is_empty() {
            return bad;
        }
        let answered = |o: &&Observation| o.outcome == "answer";
        let good = self.of("dns").filter(asked).find(answered).or_else(|| self.of("dns").find(answered));
        good.into_iter()
            .map(|o| {
                let name = o.subject.split(' ').next().unwrap_or_default();
                let text = format!("{name} → {}", o.text("answers").unwrap_or("?"));
                Line { tone: Tone::Good, head: variable_name(self.knowledge, "dns", self.lang), text }
            })
            .collect()
    }

    /// What servers want to be shown to the person (`ALERT`, RFC 3501 section 7.1), where the endpoint's line does not
    /// show it.
    fn notices(&self) -> impl Iterator<Item = Line<'_>> {
        let head = pick(self.lang, "Server's notice", "サーバからの通知");
        self.report.evidence.observations.iter().flat_map(move |observation| {
            let alerts = observation.detail.get("alerts").and_then(|value| value.as_array());
            let reply = observation.text("reply").unwrap_or_default();
            let texts = alerts.into_iter().flatten().filter_map(|alert| alert.as_str());
            texts.filter(move |text| !reply.contains(text)).map(move |text| Line {
                tone: Tone::Note,
                head,
                text: text.to_owned(),
            })
        })
    }

    fn others<'a>(&'a self, lines: &mut Vec<Line<'a>>) {
        for observation in &self.report.evidence.observations {
            let (variable, outcome) = (observation.variable.as_str(), observation.outcome.as_str());
            let bad = SHOWN_IF_BAD.contains(&variable) && self.state(observation) == Some(State::Bad);
            if bad || (NOTABLE.contains(&(variable, outcome)) && !self.is_said_better(observation)) {
                lines.push(self.line(observation));
            }
        }
    }

    /// Sources that disagree need no line of their own where one of them was found to be out of date.
    fn is_said_better(&self, observation: &Observation) -> bool {
        let better =
            |other: &Observation| other.outcome == "next_used" && other.subject == observation.subject;
        observation.outcome == "sources_disagree" && self.of("settings").any(better)
    }

    fn verdict(&self) -> String {
        let diagnosis = &self.report.diagnosis;
        let label = |en, ja| padded(pick(self.lang, en, ja), self.label_columns());
        match diagnosis.verdict {
            Verdict::Healthy => {
                let text = pick(
                    self.lang,
                    "Everything that was measured works.",
                    "調べた範囲では、すべて正常です。",
                );
                let mut out = self.block(Tone::Good, &label("Result", "結果"), text);
                if self.report.next.is_some() {
                    let text = pick(
                        self.lang,
                        "What you describe must lie where this does not look: in the mail app, say, or on another device.",
                        "お困りの原因は、ここから測れないところ(メールアプリの設定、ほかの端末など)にあると考えられます。",
                    );
                    out.push_str(&self.block(Tone::Quiet, &label("", ""), text));
                }
                out
            }
            Verdict::CauseFound => {
                let mut out = String::new();
                if let Some(first) = diagnosis.causes.first() {
                    out.push_str(&self.cause(&label("Cause", "原因"), first));
                }
                out
            }
            Verdict::Inconclusive => {
                let causes: Vec<&RankedCause> = diagnosis.arguable(&self.report.evidence).take(3).collect();
                let mut out = self.block(Tone::Note, &label("Result", "結果"), self.undecided(&causes));
                for cause in &causes {
                    out.push_str(&self.block(Tone::Strong, &label("", ""), &self.named(cause)));
                }
                if causes.is_empty() && !self.withheld() {
                    return out;
                }
                if !diagnosis.would_settle.is_empty() {
                    let names: Vec<&str> = diagnosis
                        .would_settle
                        .iter()
                        .map(|variable| variable_name(self.knowledge, variable, self.lang))
                        .collect();
                    let list = names.join(pick(self.lang, ", ", "、"));
                    let text = pick(
                        self.lang,
                        format!("This would decide it: {list}"),
                        format!("決め手になるもの: {list}"),
                    );
                    out.push_str(&self.block(Tone::Quiet, &label("", ""), &text));
                }
                out
            }
        }
    }

    /// Why there is no result. Causes that nothing speaks for are no answer.
    fn undecided(&self, causes: &[&RankedCause]) -> &'static str {
        let measured = self.lines().iter().any(|line| line.tone != Tone::Quiet);
        match (causes.is_empty(), measured) {
            (false, _) => pick(
                self.lang,
                "The measurements do not decide. Most likely:",
                "測定だけでは決められません。可能性の高い順に:",
            ),
            (true, _) if self.withheld() => pick(
                self.lang,
                "What was measured works, but the sign-in was not tried: the server has to be confirmed first.",
                "測定できた範囲は正常ですが、サーバの確認が必要なため、サインインは試していません。",
            ),
            (true, false) => pick(
                self.lang,
                "Nothing could be measured in this time: no answer came. Check that the device is connected, or give it longer with --deadline.",
                "時間内に何も測定できませんでした(応答なし)。ネットワークへの接続を確認するか、--deadline で時間を延ばしてください。",
            ),
            (true, true) => pick(
                self.lang,
                "The measurements do not decide, and none of them points to a cause.",
                "測定だけでは決められません。原因を示す測定結果もありません。",
            ),
        }
    }

    /// Whether a sign-in was wanted and withheld.
    fn withheld(&self) -> bool {
        self.report.evidence.observations.iter().any(|seen| seen.text("sign_in_withheld").is_some())
    }

    /// A cause with what it means, and of its proof what does not stand among the findings already.
    fn cause(&self, label: &str, cause: &RankedCause) -> String {
        let mut out = self.block(Tone::Strong, label, &self.named(cause));
        let blank = padded("", self.label_columns());
        if let Some(known) = self.knowledge.causes.get(&cause.id) {
            out.push_str(&self.block(Tone::Quiet, &blank, known.explanation.get(self.lang)));
        }
        let told: Vec<String> = self.lines().into_iter().map(|line| line.text).collect();
        let proofs = cause.evidence_for.iter().filter_map(|id| {
            let observation = self.report.evidence.observations.iter().find(|o| o.id == *id)?;
            let said = self.line(observation);
            (!told.contains(&said.text)).then_some(said)
        });
        let bullet = format!("{blank}· ");
        for said in proofs.take(3) {
            let text = match said.tone {
                // good news says little without the name of what is well
                Tone::Good => format!("{}: {}", said.head, said.text),
                _ => said.text,
            };
            out.push_str(&self.page.hanging(&bullet, self.label_columns() + 2, &text));
        }
        out
    }

    fn named(&self, cause: &RankedCause) -> String {
        let percent = (cause.probability * 100.0).round().min(99.0);
        let name = self
            .knowledge
            .taxonomy
            .cause
            .get(&cause.id)
            .map_or(cause.id.as_str(), |known| pick(self.lang, &known.en, &known.ja).as_str());
        pick(self.lang, format!("{name} ({percent} %)"), format!("{name}({percent} %)"))
    }

    fn next(&self) -> String {
        let Some(next) = &self.report.next else { return String::new() };
        let columns = self.label_columns();
        let minutes = moment::minutes(next.minutes, self.lang);
        let title =
            pick(self.lang, format!("{} ({minutes})", next.title), format!("{}({minutes})", next.title));
        let mut out = self.block(Tone::Strong, &padded(pick(self.lang, "Next", "次に"), columns), &title);
        let bullet = format!("{}· ", " ".repeat(columns));
        for option in &next.options {
            out.push_str(&self.page.hanging(&bullet, columns + 2, &option.text));
        }
        let instructions = if next.options.is_empty() { &next.instructions[..] } else { &[] };
        for (index, instruction) in instructions.iter().enumerate() {
            let head = format!("{}{}. ", " ".repeat(columns), index + 1);
            out.push_str(&self.page.hanging(&head, columns + 3, instruction));
        }
        out
    }

    fn observations(&self) -> String {
        let mut out = String::new();
        for cause in self.report.diagnosis.causes.iter().take(3) {
            let ids =
                |list: &[ObservationId]| list.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(" ");
            let (pro, contra) = (ids(&cause.evidence_for), ids(&cause.evidence_against));
            let text = pick(
                self.lang,
                format!("{}: for {pro}; against {contra}", self.named(cause)),
                format!("{}: 根拠 {pro} / 反証 {contra}", self.named(cause)),
            );
            out.push_str(&self.block(Tone::Quiet, &padded("", self.label_columns()), &text));
        }
        for observation in &self.report.evidence.observations {
            let said = sentence(self.knowledge, observation, self.lang, self.year());
            let head = format!("{:>5} {:>6} ms  ", observation.id.0, observation.elapsed_ms);
            let text = format!("{}={}  {said}", observation.variable, observation.outcome);
            out.push_str(&self.page.paint(Tone::Quiet, &self.page.hanging(&head, head.width(), &text)));
        }
        let path: Vec<&str> = self.report.timing.critical_path.iter().map(|id| id.0.as_str()).collect();
        let ms = self.report.timing.critical_path_ms;
        let label = pick(self.lang, "critical path", "最も長い経路");
        // writing to a String cannot fail
        let _ = writeln!(out, "{label}: {} ({ms} ms)", path.join(" → "));
        out
    }

    fn block(&self, tone: Tone, label: &str, text: &str) -> String {
        let columns = self.label_columns();
        self.page.hanging(&self.page.paint(tone, label), columns, text)
    }

    fn label_columns(&self) -> usize {
        pick(self.lang, 9, 7)
    }

    fn line(&self, observation: &Observation) -> Line<'_> {
        let tone = match self.state(observation) {
            Some(State::Good) => Tone::Good,
            Some(State::Bad) => Tone::Bad,
            Some(State::Neutral) => Tone::Note,
            Some(State::Unmeasured) | None => Tone::Quiet,
        };
        let text = sentence(self.knowledge, observation, self.lang, self.year());
        let head = self.knowledge.variables.get(&observation.variable);
        Line { tone, head: head.map_or("?", |known| pick(self.lang, &known.en, &known.ja)), text }
    }

    fn of(&self, variable: &'static str) -> impl Iterator<Item = &Observation> {
        self.report.evidence.observations.iter().filter(move |o| o.variable == variable)
    }

    fn state(&self, observation: &Observation) -> Option<State> {
        state(self.knowledge, &observation.variable, &observation.outcome)
    }

    fn year(&self) -> Option<i32> {
        self.report.evidence.started.get(..4)?.parse().ok()
    }
}

fn tenths(milliseconds: u64) -> String {
    let tenths = (milliseconds + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
