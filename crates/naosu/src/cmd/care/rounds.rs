//! The part of the routine that a probe can do: accounts are measured, and each thing is told to be well or not.

use anyhow::Result;
use naosu_core::diagnosis::{is_bad, state};
use naosu_core::evidence::{Evidence, Observation};
use naosu_core::knowledge::{Item, Knowledge, Lang, State};
use naosu_core::sentence::sentence;

use super::update::checks;
use crate::cmd::check::evidence;
use crate::cmd::order::order;
use crate::language::pick;
use crate::render::page::{Page, Tone};

/// Whether a probe can tell that this is well: one of its variables has an outcome that says so.
pub(super) fn measurable(knowledge: &Knowledge, item: &Item) -> bool {
    item.probes
        .iter()
        .filter_map(|id| knowledge.variables.get(id))
        .any(|variable| variable.outcomes.values().any(|outcome| outcome.state == State::Good))
}

/// Measures the accounts one after the other and prints how each thing came out; whether something is not well.
pub(super) fn go(
    knowledge: &Knowledge,
    accounts: &[String],
    options: &[String],
    items: &[&Item],
    lang: Lang,
    page: Page,
) -> Result<bool> {
    let mut bad = false;
    for check in checks(accounts, options)? {
        let seen = evidence(knowledge, &order(knowledge, &check, lang)?, lang)?;
        let mut out =
            page.hanging("", 0, &page.paint(Tone::Strong, check.address.as_deref().unwrap_or_default()));
        for item in items.iter().filter(|item| measurable(knowledge, item)) {
            bad |= tell(knowledge, item, &seen, lang, page, &mut out);
        }
        super::super::print(&(out + "\n"))?;
    }
    Ok(bad)
}

/// Adds how one thing came out; whether it is not well.
fn tell(
    knowledge: &Knowledge,
    item: &Item,
    seen: &Evidence,
    lang: Lang,
    page: Page,
    out: &mut String,
) -> bool {
    let of: Vec<&Observation> =
        seen.observations.iter().filter(|seen| item.probes.contains(&seen.variable)).collect();
    let bad: Vec<&Observation> =
        of.iter().copied().filter(|seen| is_bad(knowledge, &seen.variable, &seen.outcome)).collect();
    let good = |seen: &&Observation| state(knowledge, &seen.variable, &seen.outcome) == Some(State::Good);
    let told = |seen: &[&Observation]| {
        let told: Vec<String> = seen.iter().map(|seen| sentence(knowledge, seen, lang, None)).collect();
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
