//! What a package says, part by part; the page and the preview show the same.

use naosu_core::case::Event;
use naosu_core::case::history::told;
use naosu_core::diagnosis::{diagnose, state};
use naosu_core::evidence::{Evidence, Observation, Request};
use naosu_core::intake::{Recognised, recognise};
use naosu_core::knowledge::{Knowledge, Lang, State};
use naosu_core::sentence::{sentence, variable_name};

use super::Package;
use crate::moment::time;
use crate::pick;
use naosu_core::name::name;

/// A heading with rows under it.
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What stands under it.
    pub rows: Vec<Row>,
}

/// A name and its value.
pub struct Row {
    /// Its name.
    pub head: String,
    /// It.
    pub text: String,
    /// Something is wrong there.
    pub bad: bool,
}

impl Row {
    fn new(head: impl Into<String>, text: impl Into<String>) -> Self {
        Self { head: head.into(), text: text.into(), bad: false }
    }
}

/// Everything in order: whose trouble, the findings, what was tried.
pub(super) fn sections(knowledge: &Knowledge, package: &Package) -> Vec<Section> {
    let lang = package.lang;
    let heading = |en: &str, ja: &str| pick(lang, en, ja).to_owned();
    let mut sections = vec![Section {
        heading: heading("Device, account and message", "端末・アカウント・メッセージ"),
        rows: who(knowledge, package, lang),
    }];
    if let Some(evidence) = package.measured() {
        sections.push(Section {
            heading: heading("Likely causes", "考えられる原因"),
            rows: causes(knowledge, evidence, lang),
        });
    }
    let back = package.taken_back();
    let history = package.events.iter().enumerate().map(|(index, event)| {
        let mut text = told(knowledge, &event.what, lang);
        if back.contains(&index) {
            text.push_str(pick(lang, " (taken back later)", "(あとで取り消し)"));
        }
        Row::new(moment(event), text)
    });
    sections.push(Section {
        heading: heading("What was tried, and when", "試したことと日時"),
        rows: history.collect(),
    });
    if let Some(evidence) = package.measured() {
        let started = &evidence.started;
        sections.push(Section {
            heading: pick(lang, format!("Measured on {started} (UTC)"), format!("測定結果({started} UTC)")),
            rows: seen(knowledge, evidence, lang),
        });
    }
    sections.retain(|section| !section.rows.is_empty());
    sections
}

/// What support asks first: which device and system, which account, the exact message.
pub(super) fn who(knowledge: &Knowledge, package: &Package, lang: Lang) -> Vec<Row> {
    let request = package.request();
    let found = recognised(knowledge, &request);
    let said = |given: &Option<String>, of: fn(&Recognised) -> &str| {
        let value = given.as_deref().or(found.as_ref().map(of)).filter(|value| *value != "unknown");
        value.map(str::to_owned)
    };
    let mut device = said(&request.device, |found| &found.device);
    let mut client = said(&request.client, |found| &found.client);
    // what the words only seemed to say is left out where it contradicts what is known
    if let (Some(on), Some(program)) = (&device, &client)
        && !runs_on(program, on)
    {
        if request.client.is_none() {
            client = None;
        } else if request.device.is_none() {
            device = None;
        }
    }
    let named = |id: Option<String>| id.map(|id| name(&id, lang).to_owned());
    let measured_on = package.measured().and_then(|evidence| {
        let system = evidence.observations.iter().find(|seen| seen.variable == "system")?;
        Some(sentence(knowledge, system, lang, None))
    });
    let began = package.events.first().map(moment);
    let rows = [
        ("Device", "端末", named(device)),
        ("System", "OSのバージョン", package.os.clone()),
        ("Serial number", "シリアル番号", package.serial.clone()),
        ("Mail program", "メールソフト", named(client)),
        ("Service", "サービス", named(said(&request.service, |found| &found.service))),
        ("Address", "アドレス", request.address.clone()),
        ("Sign-in name", "ユーザ名", request.user.clone()),
        ("Message, in the person's words", "メッセージ・利用者の言葉", request.words.clone()),
        ("Report begun", "記録の開始", began),
        ("Measured from a computer with", "測定に使ったコンピュータ", measured_on),
    ];
    rows.into_iter().filter_map(|(en, ja, value)| Some(Row::new(pick(lang, en, ja), value?))).collect()
}

/// Whether there is that program for that device.
fn runs_on(client: &str, device: &str) -> bool {
    match client {
        "ios_mail" => matches!(device, "iphone" | "ipad"),
        "mac_mail" => device == "mac",
        "windows_live_mail" => device == "windows",
        "gmail_app" => matches!(device, "iphone" | "ipad" | "android"),
        "k9" => device == "android",
        _ => true,
    }
}

/// What the words of a request say.
pub(super) fn recognised(knowledge: &Knowledge, request: &Request) -> Option<Recognised> {
    request.words.as_deref().map(|words| recognise(knowledge, words))
}

/// The three likeliest causes.
pub(super) fn causes(knowledge: &Knowledge, evidence: &Evidence, lang: Lang) -> Vec<Row> {
    let row = |(id, probability): (&str, f64)| {
        let known = knowledge.taxonomy.cause.get(id);
        let name = known.map_or(id, |cause| pick(lang, cause.en.as_str(), cause.ja.as_str()));
        Row::new(format!("{:.0} %", probability * 100.0), name)
    };
    let diagnosis = diagnose(knowledge, evidence);
    diagnosis.causes.iter().take(3).map(|ranked| row((&ranked.id, ranked.probability))).collect()
}

/// A row for each observation.
pub(super) fn seen(knowledge: &Knowledge, evidence: &Evidence, lang: Lang) -> Vec<Row> {
    let row = |observation: &Observation| {
        let Observation { variable, outcome, .. } = observation;
        let bad = state(knowledge, variable, outcome) == Some(State::Bad);
        let head = variable_name(knowledge, variable, lang).to_owned();
        Row { head, text: sentence(knowledge, observation, lang, None), bad }
    };
    evidence.observations.iter().map(row).collect()
}

/// When an event was, with the zone: support sits elsewhere.
pub(super) fn moment(event: &Event) -> String {
    let second = i64::try_from(event.at).unwrap_or(i64::MAX);
    let stamp = jiff::Timestamp::from_second(second).unwrap_or_default();
    let zone = stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%:z").to_string();
    format!("{} ({zone})", time(event.at))
}
