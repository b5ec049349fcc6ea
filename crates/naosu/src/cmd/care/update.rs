//! The state of accounts before an update and after it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use naosu_core::diagnosis::{Verdict, diagnose, is_bad};
use naosu_core::evidence::{Evidence, Observation};
use naosu_core::knowledge::{Knowledge, Lang};
use naosu_core::sentence::{sentence, variable_name};

use super::here;
use crate::cli::{CheckArguments, Cli, Color, Command};
use crate::cmd::check::evidence;
use crate::cmd::order::order;
use crate::language::pick;
use crate::render::page::{Page, Tone};
use crate::store::Store;
use crate::usage::Mistake;

/// Exit status when something has got worse.
pub(super) const WORSE: u8 = 1;

/// Measures the accounts and keeps what was seen.
pub(super) fn before(
    knowledge: &Knowledge,
    addresses: &[String],
    options: &[String],
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    let checks = checks(addresses, options)?;
    let store = Store::open()?;
    let page = Page::of_stdout(color);
    for check in &checks {
        let address = check.address.clone().unwrap_or_default();
        let seen = evidence(knowledge, &order(knowledge, check, lang)?, lang)?;
        store.keep(super::now(), &address, &seen)?;
        let seen = here::without_aside(seen, check.device.as_deref());
        let text = format!("{address}: {}", verdict(knowledge, &seen, lang));
        super::super::print(&page.hanging("  ", 2, &text))?;
    }
    super::super::print(pick(
        lang,
        "Kept. After the update: naosu care after-update\n",
        "保存しました。更新のあとに: naosu care after-update\n",
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Measures the accounts again and tells what has changed.
pub(super) fn after(
    knowledge: &Knowledge,
    addresses: &[String],
    options: &[String],
    lang: Lang,
    color: Color,
) -> Result<ExitCode> {
    let store = Store::open()?;
    let addresses = if addresses.is_empty() { store.accounts()? } else { addresses.to_vec() };
    let page = Page::of_stdout(color);
    let mut worse = false;
    if addresses.is_empty() {
        return Err(nothing_kept("naosu care before-update ADDRESS", "naosu care before-update アドレス"));
    }
    let mut pairs = Vec::new();
    for check in checks(&addresses, options)? {
        let address = check.address.clone().unwrap_or_default();
        let Some(kept) = store.kept(&address)? else {
            return Err(nothing_kept(
                &format!("{address}: naosu care before-update {address}"),
                &format!("{address}: naosu care before-update {address}"),
            ));
        };
        pairs.push((check, kept));
    }
    for (check, kept) in pairs {
        let seen = evidence(knowledge, &order(knowledge, &check, lang)?, lang)?;
        let device = check.device.as_deref().or(kept.evidence.request.device.as_deref()).map(str::to_owned);
        let device = device.as_deref();
        let before = here::without_aside(kept.evidence, device);
        let seen = here::without_aside(seen, device);
        let mut changes = changes(knowledge, &before, &seen);
        // what changed on this computer is no change on another device
        changes.retain(|(_, now)| here::is_asked_about(device) || !here::is_local(&now.variable));
        worse |= changes.iter().any(|(_, now)| is_bad(knowledge, &now.variable, &now.outcome));
        worse |= broken(knowledge, &seen) && !broken(knowledge, &before);
        let (was, is) = (verdict(knowledge, &before, lang), verdict(knowledge, &seen, lang));
        let mut out = page.paint(Tone::Strong, &page.hanging("", 0, &kept.address));
        out.push_str(&page.hanging("  ", 2, &format!("{was} → {is}")));
        for (was, now) in &changes {
            let bad = is_bad(knowledge, &now.variable, &now.outcome);
            let mark = page.paint(if bad { Tone::Bad } else { Tone::Good }, if bad { "✗" } else { "✓" });
            let head = variable_name(knowledge, &now.variable, lang);
            let is = sentence(knowledge, now, lang, None);
            let text = match was {
                Some(was) => format!("{head}: {} → {is}", sentence(knowledge, was, lang, None)),
                None => pick(lang, format!("{head}, new: {is}"), format!("{head}(新しく): {is}")),
            };
            out.push_str(&page.hanging(&format!("  {mark} "), 4, &text));
        }
        if changes.is_empty() && was == is {
            out.push_str(pick(lang, "  nothing has changed\n", "  変化はありません\n"));
        }
        super::super::print_on(page, &out)?;
    }
    Ok(if worse { ExitCode::from(WORSE) } else { ExitCode::SUCCESS })
}

fn nothing_kept(en: &str, ja: &str) -> anyhow::Error {
    Mistake::error(
        format!("no state from before the update is kept: {en}"),
        format!("更新前の状態が保存されていません: {ja}"),
    )
}

/// A check of each address with the options.
pub(super) fn checks(addresses: &[String], options: &[String]) -> Result<Vec<CheckArguments>> {
    let mut checks = Vec::new();
    for address in addresses {
        let call = ["naosu", "check"].map(str::to_owned).into_iter().chain(options.iter().cloned());
        let call = call.chain(["--".to_owned(), address.clone()]);
        let Ok(Some(Command::Check(check))) = Cli::try_parse_from(call).map(|cli| cli.command) else {
            let given = options.join(" ");
            return Err(Mistake::error(
                format!("{given}: not options of naosu check: see naosu check --help"),
                format!("{given}: naosu check のオプションではありません: naosu check --help を見てください"),
            ));
        };
        checks.push(*check);
    }
    Ok(checks)
}

/// Whether a cause was found.
fn broken(knowledge: &Knowledge, evidence: &Evidence) -> bool {
    diagnose(knowledge, evidence).verdict == Verdict::CauseFound
}

/// What was well and is not, and the other way round: the observation before, and now. Something bad about a server or
/// way that was not there before has none before.
fn changes<'a>(
    knowledge: &Knowledge,
    before: &'a Evidence,
    after: &'a Evidence,
) -> Vec<(Option<&'a Observation>, &'a Observation)> {
    let by_subject = |evidence: &'a Evidence| -> BTreeMap<(&'a str, &'a str), &'a Observation> {
        let key = |o: &'a Observation| ((o.variable.as_str(), o.subject.as_str()), o);
        evidence.observations.iter().map(key).collect()
    };
    let was = by_subject(before);
    let bad = |o: &Observation| is_bad(knowledge, &o.variable, &o.outcome);
    let bad_before = |variable: &str| before.observations.iter().any(|o| o.variable == variable && bad(o));
    by_subject(after)
        .into_iter()
        .map(|(key, now)| (was.get(&key).copied(), now))
        .filter(|(was, now)| match was {
            Some(was) => bad(was) != bad(now),
            None => bad(now) && !bad_before(&now.variable),
        })
        .collect()
}

/// A diagnosis in a few words.
fn verdict(knowledge: &Knowledge, evidence: &Evidence, lang: Lang) -> String {
    let diagnosis = diagnose(knowledge, evidence);
    let cause = diagnosis.causes.first().and_then(|ranked| knowledge.taxonomy.cause.get(&ranked.id));
    match (diagnosis.verdict, cause) {
        (Verdict::Healthy, _) => pick(lang, "works", "正常").to_owned(),
        (Verdict::CauseFound, Some(cause)) => pick(lang, &cause.en, &cause.ja).clone(),
        _ => pick(lang, "not decided", "判定できません").to_owned(),
    }
}
