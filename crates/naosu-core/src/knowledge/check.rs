//! Checks over the whole of the knowledge: every problem is told at once, so that an author mends them in one go.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{ActionKind, Risk};
use super::care::Care;
use super::cause::Cause;
use super::coverage::{Claim, Row};
use super::flow::{Flow, FlowState, FlowStateKind};
use super::question::STRONGEST_RATIO;
use super::situation::Only;
use super::{Problem, Taxonomy, Variable};

/// What the checks look at.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// The closed vocabulary.
    pub taxonomy: &'a Taxonomy,
    /// What can be observed.
    pub variables: &'a BTreeMap<String, Variable>,
    /// The facts that signatures ask for: those that are observed, and those that the diagnosis derives.
    pub facts: &'a BTreeSet<&'a str>,
    /// The causes.
    pub causes: &'a BTreeMap<String, Cause>,
    /// What can be done and asked.
    pub care: &'a Care,
    /// What is to be dealt with.
    pub rows: &'a [Row],
    /// What the files say that they deal with.
    pub claims: &'a [Claim<'a>],
    /// The files of facts: providers, replies, status pages, Apple's hosts, interceptors and messages of clients.
    pub stated: &'a [Stated],
}

/// Where the facts of one file come from.
#[derive(Clone, Debug)]
pub struct Stated {
    /// The file, relative to the knowledge folder.
    pub path: String,
    /// When somebody last looked, `YYYY-MM`.
    pub checked: Option<String>,
    /// The source of each of its facts, empty where none is given.
    pub sources: Vec<String>,
}

/// One check, by the name of what it holds.
pub struct Check {
    /// What holds when the check finds nothing.
    pub name: &'static str,
    run: fn(&Whole<'_>, &mut Vec<Problem>),
}

/// The checks, in the order in which they run.
pub const CHECKS: [Check; 17] = [
    Check { name: "every cause of the taxonomy is described, and no other", run: causes_match_the_taxonomy },
    Check { name: "every id that is named exists", run: ids_resolve },
    Check { name: "every cause has a fix", run: causes_have_fixes },
    Check { name: "every action and question can be reached", run: nothing_is_orphaned },
    Check { name: "what no probe can tell, a question can", run: questions_tell },
    Check { name: "both languages are present, different, and in their own script", run: both_languages },
    Check { name: "every entry has a source and a date", run: sourced_and_dated },
    Check { name: "every file of facts is dated, and every fact in it sourced", run: facts_are_stated },
    Check { name: "probabilities and minutes are in range", run: numbers_in_range },
    Check { name: "what can lose data has a safeguard before it", run: losses_are_guarded },
    Check { name: "every fix says how its success is seen", run: fixes_are_verified },
    Check { name: "prerequisites do not go round in circles", run: requirements_end },
    Check { name: "instructions have one generic variant and no two that tie", run: variants_are_clear },
    Check { name: "instructions that name menus say whether these were seen", run: menus_say_whether_seen },
    Check { name: "flows lead from their start to an end", run: flows_end },
    Check { name: "general answers do no harm in a flow", run: flows_take_general_answers },
    Check { name: "rows named in covers exist", run: rows_exist },
];

/// An answer tells of a cause when it is given this many times more often with it than without.
const TELLING_RATIO: f64 = 3.0;

/// No wait is longer than sixty days.
const LONGEST_WAIT_MINUTES: f64 = 60.0 * 24.0 * 60.0;

/// All problems of all checks, sorted.
pub(super) fn check(whole: &Whole<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for check in &CHECKS {
        (check.run)(whole, &mut problems);
    }
    problems.sort();
    problems.dedup();
    problems
}

fn tell(problems: &mut Vec<Problem>, path: &str, what: impl Into<String>) {
    problems.push(Problem { path: path.to_owned(), what: what.into() });
}

fn action_path(id: &str) -> String {
    format!("actions/{id}.toml")
}

fn causes_match_the_taxonomy(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for id in whole.taxonomy.cause.keys().filter(|id| !whole.causes.contains_key(*id)) {
        tell(problems, &format!("causes/{id}.toml"), "is missing");
    }
    for id in whole.causes.keys().filter(|id| !whole.taxonomy.cause.contains_key(*id)) {
        tell(problems, &format!("causes/{id}.toml"), "is no cause of the taxonomy");
    }
}

fn ids_resolve(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let care = whole.care;
    let mut named = |path: &str, kind: &str, id: &str, known: bool| {
        if !known {
            tell(problems, path, format!("names a {kind} that does not exist: {id}"));
        }
    };
    for (id, cause) in whole.causes {
        let path = format!("causes/{id}.toml");
        for fix in &cause.fixes {
            named(&path, "action", &fix.action, care.actions.contains_key(&fix.action));
        }
        only_resolves(whole, &path, &cause.only, &mut named);
    }
    for (id, action) in &care.actions {
        let path = action_path(id);
        for other in &action.requires {
            named(&path, "action", other, care.actions.contains_key(other));
        }
        for variable in &action.verify {
            named(&path, "variable", variable, whole.variables.contains_key(variable));
        }
        for seen in &action.asked_by {
            let known = seen.split_once('=').is_some_and(|(variable, outcome)| match variable {
                // phrases are checked with the words
                "said" => true,
                variable => {
                    whole.variables.get(variable).is_some_and(|known| known.outcomes.contains_key(outcome))
                }
            });
            named(&path, "observation", seen, known);
        }
        if let Some(question) = &action.verify_question {
            named(&path, "question", question, care.questions.contains_key(question));
        }
        if let Some(flow) = &action.flow {
            named(&path, "flow", flow, care.flows.contains_key(flow));
        }
        only_resolves(whole, &path, &action.only, &mut named);
        for variant in &action.instructions {
            let only = Only {
                device: variant.device.clone(),
                client: variant.client.clone(),
                service: variant.service.clone(),
            };
            only_resolves(whole, &path, &only, &mut named);
        }
    }
    for (id, question) in &care.questions {
        let path = format!("questions/{id}.toml");
        for cause in question.options.iter().flat_map(|option| option.ratios.keys()) {
            named(&path, "cause", cause, whole.taxonomy.cause.contains_key(cause));
        }
        only_resolves(whole, &path, &question.only, &mut named);
    }
    for (id, flow) in &care.flows {
        let path = format!("flows/{id}.toml");
        for cause in &flow.causes {
            named(&path, "cause", cause, whole.taxonomy.cause.contains_key(cause));
        }
        for state in flow.states.values() {
            for action in &state.actions {
                named(&path, "action", action, care.actions.contains_key(action));
            }
            for variable in &state.watch {
                named(&path, "variable", variable, whole.variables.contains_key(variable));
            }
            if let Some(next) = &state.flow {
                named(&path, "flow", next, care.flows.contains_key(next));
            }
            for way in &state.next {
                named(&path, "state", &way.to, flow.states.contains_key(&way.to));
            }
        }
        named(&path, "state", &flow.start, flow.states.contains_key(&flow.start));
        only_resolves(whole, &path, &flow.only, &mut named);
    }
    for (id, list) in &care.checklists {
        let path = format!("checklists/{id}.toml");
        for item in &list.items {
            if let Some(action) = &item.action {
                named(&path, "action", action, care.actions.contains_key(action));
            }
            for variable in &item.probes {
                named(&path, "variable", variable, whole.variables.contains_key(variable));
            }
            only_resolves(whole, &path, &item.only, &mut named);
        }
    }
    for (id, answer) in &care.answers {
        let path = format!("answers/{id}.toml");
        for cause in &answer.causes {
            named(&path, "cause", cause, whole.taxonomy.cause.contains_key(cause));
        }
        for action in &answer.actions {
            named(&path, "action", action, care.actions.contains_key(action));
        }
        only_resolves(whole, &path, &answer.only, &mut named);
    }
}

fn only_resolves(whole: &Whole<'_>, path: &str, only: &Only, named: &mut impl FnMut(&str, &str, &str, bool)) {
    for (kind, list) in [("device", &only.device), ("client", &only.client), ("service", &only.service)] {
        let known = whole.taxonomy.values.get(kind);
        for id in list {
            named(path, kind, id, known.is_some_and(|known| known.contains(id)));
        }
    }
}

fn causes_have_fixes(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, cause) in whole.causes {
        let path = format!("causes/{id}.toml");
        if cause.fixes.is_empty() {
            tell(problems, &path, "has no fix");
        }
        let mut seen = BTreeSet::new();
        for fix in cause.fixes.iter().filter(|fix| !seen.insert(&fix.action)) {
            tell(problems, &path, format!("names a fix twice: {}", fix.action));
        }
        for observation in cause.fixes.iter().flat_map(|fix| fix.when.iter().chain(&fix.unless)) {
            let known = observation
                .split_once('=')
                .and_then(|(variable, outcome)| whole.variables.get(variable)?.outcomes.get(outcome));
            if known.is_none() && !whole.facts.contains(observation.as_str()) {
                tell(problems, &path, format!("asks for an observation that cannot be made: {observation}"));
            }
        }
        for service in &whole.taxonomy.values["service"] {
            let can_be = cause.only.service.is_empty() || cause.only.service.contains(service);
            let fixed =
                cause.fixes.iter().filter_map(|fix| whole.care.actions.get(&fix.action)).any(|action| {
                    action.only.service.is_empty()
                        || action.only.service.contains(service)
                        || service == "unknown"
                });
            if can_be && !fixed && !cause.fixes.is_empty() {
                tell(problems, &path, format!("has no fix for service {service}"));
            }
        }
    }
}

fn nothing_is_orphaned(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let care = whole.care;
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    reached.extend(whole.causes.values().flat_map(|cause| cause.fixes.iter().map(|fix| fix.action.as_str())));
    for flow in care.flows.values() {
        reached.extend(flow.states.values().flat_map(|state| state.actions.iter().map(String::as_str)));
    }
    for list in care.checklists.values() {
        reached.extend(list.items.iter().filter_map(|item| item.action.as_deref()));
    }
    reached.extend(care.answers.values().flat_map(|answer| answer.actions.iter().map(String::as_str)));
    reached.extend(
        care.actions.iter().filter(|(_, action)| !action.asked_by.is_empty()).map(|(id, _)| id.as_str()),
    );
    loop {
        let more: Vec<&str> = reached
            .iter()
            .filter_map(|id| care.actions.get(*id))
            .flat_map(|action| action.requires.iter().map(String::as_str))
            .filter(|id| !reached.contains(id))
            .collect();
        if more.is_empty() {
            break;
        }
        reached.extend(more);
    }
    for id in care.actions.keys().filter(|id| !reached.contains(id.as_str())) {
        tell(problems, &action_path(id), "is reached from no cause, flow, checklist, answer or observation");
    }
    let verifying: BTreeSet<&str> =
        care.actions.values().filter_map(|action| action.verify_question.as_deref()).collect();
    for (id, question) in &care.questions {
        let separates = question.options.iter().any(|option| !option.ratios.is_empty());
        if !separates && !verifying.contains(id.as_str()) {
            tell(problems, &format!("questions/{id}.toml"), "separates no causes and verifies no action");
        }
    }
}

fn questions_tell(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let options = || whole.care.questions.values().flat_map(|question| &question.options);
    for (id, _) in whole.taxonomy.cause.iter().filter(|(_, cause)| cause.machine == "no") {
        if !options().any(|option| option.ratios.get(id).is_some_and(|ratio| *ratio >= TELLING_RATIO)) {
            tell(problems, &format!("causes/{id}.toml"), "can be told by no probe and by no question");
        }
    }
}

fn both_languages(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for entry in whole.care.entries(whole.causes) {
        for (place, text) in &entry.texts {
            pair(&entry.path, place, &text.en, &text.ja, problems);
        }
        for (place, steps) in &entry.steps {
            if steps.en.is_empty() || steps.ja.is_empty() {
                tell(problems, &entry.path, format!("{place}: has no steps in one of the languages"));
            }
            if steps.en.len() != steps.ja.len() {
                tell(
                    problems,
                    &entry.path,
                    format!("{place}: the languages differ in their number of steps"),
                );
            }
            for (en, ja) in steps.en.iter().zip(&steps.ja) {
                pair(&entry.path, place, en, ja, problems);
            }
        }
    }
}

fn pair(path: &str, place: &str, en: &str, ja: &str, problems: &mut Vec<Problem>) {
    if en.trim().is_empty() || ja.trim().is_empty() {
        tell(problems, path, format!("{place}: a language is missing"));
    } else if !ja.chars().any(is_japanese) {
        tell(problems, path, format!("{place}: the Japanese is not Japanese: {ja}"));
    } else if en.chars().filter(char::is_ascii_alphabetic).count() * 2 < en.chars().count() {
        tell(problems, path, format!("{place}: the English is not English: {en}"));
    }
}

fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

fn sourced_and_dated(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for entry in whole.care.entries(whole.causes) {
        if entry.sources.is_empty() || entry.sources.iter().any(|source| source.trim().is_empty()) {
            tell(problems, &entry.path, "has no source");
        }
        if !is_month(entry.checked) {
            tell(problems, &entry.path, format!("checked is not YYYY-MM: {}", entry.checked));
        }
    }
}

fn facts_are_stated(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for Stated { path, checked, sources } in whole.stated {
        if !checked.as_deref().is_some_and(is_month) {
            tell(problems, path, "does not say in which month it was checked (YYYY-MM)");
        }
        let unstated = sources.iter().filter(|source| source.trim().is_empty()).count();
        if unstated > 0 {
            tell(problems, path, format!("has facts without a source: {unstated}"));
        }
    }
}

/// An arrow in the Japanese steps leads from menu to menu.
fn menus_say_whether_seen(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, action) in &whole.care.actions {
        for (number, variant) in action.instructions.iter().enumerate() {
            if variant.seen.is_none() && variant.steps.ja.iter().any(|step| step.contains('→')) {
                let what =
                    format!("instructions {number} lead through menus and do not say whether they were seen");
                tell(problems, &action_path(id), what);
            }
        }
    }
}

fn is_month(text: &str) -> bool {
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    text.split_once('-').is_some_and(|(year, month)| {
        year.len() == 4
            && month.len() == 2
            && number(year).is_some_and(|year| year >= 2020)
            && number(month).is_some_and(|month| (1..=12).contains(&month))
    })
}

fn numbers_in_range(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let mut sum = 0.0;
    for (id, cause) in whole.causes {
        let path = format!("causes/{id}.toml");
        sum += cause.prior;
        if !(cause.prior > 0.0 && cause.prior < 500.0) {
            tell(problems, &path, format!("the prior is out of range: {}", cause.prior));
        }
        for fix in cause.fixes.iter().filter(|fix| !(fix.probability > 0.0 && fix.probability < 1.0)) {
            tell(problems, &path, format!("the probability of {} is out of range", fix.action));
        }
    }
    if sum > 1000.0 {
        tell(problems, "causes", format!("the priors come to more than 1000 of 1000: {sum}"));
    }
    for (id, action) in &whole.care.actions {
        let attended = action.minutes > 0.0 && action.minutes <= 120.0;
        let unattended = (0.0..=LONGEST_WAIT_MINUTES).contains(&action.wait_minutes);
        if !(attended && unattended) {
            tell(problems, &action_path(id), "the minutes are out of range");
        }
        if action.kind == ActionKind::Wait && action.wait_minutes <= 0.0 {
            tell(problems, &action_path(id), "is a wait without minutes");
        }
    }
    for (id, question) in &whole.care.questions {
        let path = format!("questions/{id}.toml");
        let usual: f64 = question.options.iter().map(|option| option.usual).sum();
        if (usual - 1.0).abs() > 0.01 || question.options.iter().any(|option| option.usual <= 0.0) {
            tell(problems, &path, format!("what is usual does not come to 1: {usual}"));
        }
        if question.options.len() < 2 || !question.options.iter().any(|option| option.id == "unknown") {
            tell(problems, &path, "has no option unknown, or only one");
        }
        let mut seen = BTreeSet::new();
        for option in question.options.iter().filter(|option| !seen.insert(&option.id)) {
            tell(problems, &path, format!("repeats the option {}", option.id));
        }
        for (at, option) in question.options.iter().enumerate() {
            for (cause, written) in &option.ratios {
                // what counts is the ratio after all answers together make 1 again
                let ratio = question.likelihoods(cause)[at] / option.usual;
                if *written <= 0.0
                    || !(1.0 / STRONGEST_RATIO - 1e-9..=STRONGEST_RATIO + 1e-9).contains(&ratio)
                {
                    let what = format!("{} {cause} {ratio:.1}", option.id);
                    tell(problems, &path, format!("a ratio is beyond what one answer may count for: {what}"));
                }
            }
        }
        if !(question.minutes > 0.0 && question.minutes <= 10.0) {
            tell(problems, &path, "the minutes are out of range");
        }
    }
}

fn losses_are_guarded(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, action) in &whole.care.actions {
        let path = action_path(id);
        if action.risk >= Risk::LosesSettings && action.requires.is_empty() {
            tell(problems, &path, "can lose something and requires no safeguard");
        }
        if action.risk >= Risk::LosesSettings && action.warning.is_none() {
            tell(problems, &path, "can lose something and does not warn");
        }
        for other in &action.requires {
            if whole.care.actions.get(other).is_some_and(|safeguard| safeguard.risk > Risk::Interrupts) {
                tell(problems, &path, format!("requires something that itself can lose something: {other}"));
            }
        }
    }
}

fn fixes_are_verified(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let fixes: BTreeSet<&str> =
        whole.causes.values().flat_map(|cause| cause.fixes.iter().map(|fix| fix.action.as_str())).collect();
    for (id, action) in &whole.care.actions {
        let verified = !action.verify.is_empty() || action.verify_question.is_some();
        if fixes.contains(id.as_str()) && action.kind != ActionKind::Escalation && !verified {
            tell(problems, &action_path(id), "is a fix, and nothing tells whether it has helped");
        }
    }
}

fn requirements_end(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for id in whole.care.actions.keys() {
        let mut open: Vec<&str> = vec![id];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(next) = open.pop() {
            for other in whole.care.actions.get(next).iter().flat_map(|action| &action.requires) {
                if other == id {
                    tell(problems, &action_path(id), "requires itself");
                }
                if seen.insert(other) {
                    open.push(other);
                }
            }
        }
    }
}

fn variants_are_clear(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, action) in &whole.care.actions {
        let path = action_path(id);
        let generic = action.instructions.iter().filter(|variant| variant.is_generic()).count();
        if generic != 1 {
            tell(problems, &path, format!("has {generic} generic variants"));
        }
        let overlap = |one: &[String], two: &[String]| {
            one.is_empty() == two.is_empty() && (one.is_empty() || one.iter().any(|id| two.contains(id)))
        };
        for (number, one) in action.instructions.iter().enumerate() {
            for two in &action.instructions[number + 1..] {
                if overlap(&one.device, &two.device)
                    && overlap(&one.client, &two.client)
                    && overlap(&one.service, &two.service)
                {
                    tell(problems, &path, format!("instructions {number} tie with later ones"));
                }
            }
        }
    }
}

fn flows_end(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, flow) in &whole.care.flows {
        let path = format!("flows/{id}.toml");
        let reached = reachable(flow, &flow.start);
        for (name, state) in &flow.states {
            if !reached.contains(name.as_str()) {
                tell(problems, &path, format!("state {name} cannot be reached"));
            }
            let end = matches!(state.kind, FlowStateKind::Done | FlowStateKind::HandOver);
            if end != state.next.is_empty() {
                tell(problems, &path, format!("state {name} ends, or goes on, against its kind"));
            }
            if state.kind == FlowStateKind::Wait && state.wait_minutes <= 0.0 {
                tell(problems, &path, format!("state {name} is a wait without minutes"));
            }
            let ends = reachable(flow, name).iter().any(|name| {
                let kind = flow.states.get(*name).map(|state| state.kind);
                matches!(kind, Some(FlowStateKind::Done | FlowStateKind::HandOver))
            });
            if !ends {
                tell(problems, &path, format!("state {name} never comes to an end"));
            }
            let mut seen = BTreeSet::new();
            for way in state.next.iter().filter(|way| !seen.insert(&way.id)) {
                tell(problems, &path, format!("state {name} repeats the way {}", way.id));
            }
        }
    }
}

/// What can be answered to every step.
const GENERAL: [&str; 6] = ["done", "fixed", "not_fixed", "unknown", "could_not", "later"];

fn flows_take_general_answers(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    for (id, action) in &whole.care.actions {
        let Some(flow) = action.flow.as_ref().and_then(|flow| whole.care.flows.get(flow)) else { continue };
        let does = |state: &FlowState| {
            matches!(state.kind, FlowStateKind::Task | FlowStateKind::Wait) && state.actions.contains(id)
        };
        if !flow.states.values().any(does) {
            tell(problems, &action_path(id), "belongs to a flow in which it is neither a task nor a wait");
        }
    }
    for (id, flow) in &whole.care.flows {
        let path = format!("flows/{id}.toml");
        for (name, state) in &flow.states {
            if state.kind == FlowStateKind::Wait && state.next.last().is_none_or(|way| way.to != *name) {
                tell(
                    problems,
                    &path,
                    format!("state {name} is a wait whose last way is not to go on waiting"),
                );
            }
            for (place, way) in state.next.iter().enumerate() {
                let first_of_task = place == 0 && state.kind == FlowStateKind::Task;
                let fits = match way.id.as_str() {
                    "done" => first_of_task && !way.works,
                    "fixed" => place == 0,
                    other => !GENERAL.contains(&other),
                };
                if !fits {
                    tell(
                        problems,
                        &path,
                        format!("state {name} names a way like a general answer: {}", way.id),
                    );
                }
                if way.works && place + 1 == state.next.len() {
                    tell(
                        problems,
                        &path,
                        format!("state {name} takes who does not know for one for whom it works"),
                    );
                }
            }
        }
    }
}

fn reachable<'a>(flow: &'a Flow, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for way in flow.states.get(name).iter().flat_map(|state| &state.next) {
            if reached.insert(&way.to) {
                open.push(&way.to);
            }
        }
    }
    reached
}

fn rows_exist(whole: &Whole<'_>, problems: &mut Vec<Problem>) {
    let known: BTreeSet<&str> = whole.rows.iter().map(|row| row.id.as_str()).collect();
    for Claim { path, covers } in whole.claims {
        for row in covers.iter().filter(|row| !known.contains(row.as_str())) {
            tell(problems, path, format!("covers a row that does not exist: {row}"));
        }
    }
}

#[cfg(test)]
mod tests;
