//! The part of the routine that a probe can do: accounts are measured, and each thing is told to be well or not.

use anyhow::Result;
use naosu_core::diagnosis::{is_bad, state};
use naosu_core::evidence::Observation;
use naosu_core::knowledge::{Item, Knowledge, Lang, State};
use naosu_core::sentence::sentence;

use super::here;
use super::update::checks;
use crate::cmd::check::evidence;
use crate::cmd::order::order;
use crate::language::pick;
use crate::render::page::{Page, Tone};

/// Whether a probe can tell that this is well on the device asked about: one of its variables has an outcome that says so.
pub(super) fn measurable(knowledge: &Knowledge, item: &Item, device: Option<&str>) -> bool {
    item.probes
        .iter()
        .filter(|id| tells(id, item, device))
        .filter_map(|id| knowledge.variables.get(id))
        .any(|variable| variable.outcomes.values().any(|outcome| outcome.state == State::Good))
}

/// Whether what is measured here says anything of that thing to look at: of this very computer only where it is the one.
fn tells(variable: &str, item: &Item, device: Option<&str>) -> bool {
    !here::is_local(variable) || (here::is_asked_about(device) && here::concerns(item))
}

/// Measures the accounts one after the other and prints how each thing came out; whether something is not well.
pub(super) fn go(
    knowledge: &Knowledge,
    accounts: &[String],
    options: &[String],
    items: &[&Item],
    device: Option<&str>,
    lang: Lang,
    page: Page,
) -> Result<bool> {
    let mut bad = false;
    for check in checks(accounts, options)? {
        let seen = evidence(knowledge, &order(knowledge, &check, lang)?, lang)?;
        let head = page.hanging("", 0, check.address.as_deref().unwrap_or_default());
        let mut out = page.paint(Tone::Strong, &head);
        for item in items.iter().filter(|item| measurable(knowledge, item, device)) {
            let tells = |seen: &&Observation| tells(&seen.variable, item, device);
            let of: Vec<&Observation> = seen.observations.iter().filter(tells).collect();
            bad |= tell(knowledge, item, &of, lang, page, &mut out);
        }
        super::super::print_on(page, &(out + "\n"))?;
    }
    Ok(bad)
}

/// Adds how one thing came out; whether it is not well.
fn tell(
    knowledge: &Knowledge,
    item: &Item,
    seen: &[&Observation],
    lang: Lang,
    page: Page,
    out: &mut String,
) -> bool {
    let of: Vec<&Observation> =
        seen.iter().copied().filter(|seen| item.probes.contains(&seen.variable)).collect();
    let bad: Vec<&Observation> =
        of.iter().copied().filter(|seen| is_bad(knowledge, &seen.variable, &seen.outcome)).collect();
    let good = |seen: &&Observation| state(knowledge, &seen.variable, &seen.outcome) == Some(State::Good);
    let told = |seen: &[&Observation]| {
        let told: Vec<String> = seen
            .iter()
            .map(|seen| {
                let whose = pick(lang, "this computer: ", "このコンピュータ: ");
                let whose = if here::is_local(&seen.variable) { whose } else { "" };
                format!("{whose}{}", sentence(knowledge, seen, lang, None))
            })
            .collect();
        told.join(pick(lang, "; ", "、"))
    };
    let text = item.text.get(lang);
    let (mark, tone, says) = match (bad.is_empty(), of.iter().any(good)) {
        (false, _) => ("✗", Tone::Bad, told(&bad)),
        (true, true) => ("✓", Tone::Good, told(&of)),
        (true, false) if of.is_empty() => (
            "·",
            Tone::Quiet,
            pick(
                lang,
                "not measured: please look yourself",
                "測定できませんでした。ご自分で確かめてください",
            )
            .to_owned(),
        ),
        (true, false) => ("·", Tone::Note, told(&of)),
    };
    out.push_str(&page.hanging(&format!("  {} ", page.paint(tone, mark)), 4, text));
    out.push_str(&page.hanging("    ", 4, &says));
    if !bad.is_empty()
        && let Some(action) = item.action.as_ref().and_then(|id| knowledge.care().actions.get(id))
    {
        let next = pick(lang, "Next: ", "次に: ");
        out.push_str(&page.hanging("    ", 4, &format!("{next}{}", action.title.get(lang))));
    }
    !bad.is_empty()
}
