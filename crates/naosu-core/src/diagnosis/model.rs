//! Hypotheses and signatures, made ready for quick matching.

use std::collections::BTreeMap;

use crate::knowledge::{Pair, Problem, Scope, SignatureGroup};

use super::scene::{FactSet, Scene};
use super::words::Silence;

/// How probable "something else" is beforehand, on the scale of the causes' priors (per 1000 troubles).
const PRIOR_OTHER: f64 = 15.0;
/// How often nothing is wrong when somebody checks, on the same scale.
const PRIOR_HEALTHY: f64 = 600.0;
/// P(some failing outcome of an endpoint | a cause we do not know): it has to be one of some sixty.
const OTHER: f64 = 0.01;
/// The likelihoods are kept above this: no single observation rules a cause out for good.
const FLOOR: f64 = 1e-4;
/// What a cause leaves less often than this is no sign to look for.
const SEEN: f64 = 0.2;

/// Hypotheses and signatures, made ready for quick matching.
#[derive(Debug, Default)]
pub struct Model {
    /// The causes' ids; hypotheses and likelihoods refer to their places here.
    pub(super) causes: Vec<String>,
    /// Exactly one of these is true.
    pub(super) hypotheses: Vec<Hypothesis>,
    /// The logarithm of each hypothesis' prior weight.
    pub(super) log_priors: Vec<f64>,
    /// The facts that signatures ask for, by their text.
    facts: BTreeMap<String, usize>,
    groups: Vec<Group>,
    /// What the recognition of words gives when nothing was said.
    pub(super) silence: Silence,
}

/// What could be the matter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hypothesis {
    /// That one cause.
    Cause(usize),
    /// Two causes at once.
    Pair(usize, usize),
    /// A cause that we do not know.
    Other,
    /// Nothing is wrong.
    Healthy,
}

#[derive(Debug)]
struct Group {
    name: String,
    scope: Scope,
    signatures: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    id: String,
    all: Vec<FactSet>,
    any: FactSet,
    none: FactSet,
    asks_any: bool,
    likelihood: Vec<(usize, f64)>,
    reply: Vec<f64>,
    rest: f64,
    other: f64,
    healthy: f64,
}

/// A signature that matched, with its likelihoods and the observations behind it.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    /// The signature's id.
    pub(super) signature: String,
    /// P(signature | cause) for the causes that it names.
    pub(super) named: Vec<(usize, f64)>,
    /// P(signature | any other cause).
    pub(super) rest: f64,
    /// P(signature | an unknown cause).
    pub(super) other: f64,
    /// P(signature | nothing is wrong).
    pub(super) healthy: f64,
    /// Places of the observations behind it.
    pub(super) observations: Vec<usize>,
}

impl Spoken {
    pub(super) fn likelihood(&self, cause: usize) -> f64 {
        self.named.iter().find(|(named, _)| *named == cause).map_or(self.rest, |(_, likelihood)| *likelihood)
    }

    pub(super) fn best(&self) -> f64 {
        self.named.iter().map(|(_, likelihood)| *likelihood).fold(self.rest.max(self.healthy), f64::max)
    }
}

impl Model {
    /// Compiles priors, pairs and signatures; ids and conditions that make no sense are told.
    pub(crate) fn new(
        priors: &BTreeMap<String, f64>,
        pairs: &[Pair],
        groups: &BTreeMap<String, SignatureGroup>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut model = Self { causes: priors.keys().cloned().collect(), ..Self::default() };
        for (index, prior) in priors.values().enumerate() {
            model.hypotheses.push(Hypothesis::Cause(index));
            model.log_priors.push(prior.ln());
        }
        for pair in pairs {
            let [one, two] = &pair.causes;
            match (model.cause(one), model.cause(two)) {
                (Some(one), Some(two)) if pair.prior > 0.0 && one != two => {
                    model.hypotheses.push(Hypothesis::Pair(one, two));
                    model.log_priors.push(pair.prior.ln());
                }
                _ => problems.push(Problem {
                    path: "pairs.toml".to_owned(),
                    what: format!("is not a pair of two causes with a prior above 0: {one} + {two}"),
                }),
            }
        }
        model.hypotheses.extend([Hypothesis::Other, Hypothesis::Healthy]);
        model.log_priors.extend([PRIOR_OTHER.ln(), PRIOR_HEALTHY.ln()]);
        for (name, group) in groups {
            let compiled =
                group.signature.iter().map(|s| model.compile(name, group.scope, s, problems)).collect();
            model.groups.push(Group { name: name.clone(), scope: group.scope, signatures: compiled });
        }
        model
    }

    /// The ids of the causes; hypotheses refer to their places here.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The place of a cause.
    pub fn cause(&self, id: &str) -> Option<usize> {
        self.causes.binary_search_by(|known| known.as_str().cmp(id)).ok()
    }

    /// The place of a fact that some signature asks for.
    pub(super) fn fact(&self, text: &str) -> Option<usize> {
        self.facts.get(text).copied()
    }

    /// The texts of all facts that signatures ask for: `variable=outcome`.
    pub fn fact_texts(&self) -> impl Iterator<Item = &str> {
        self.facts.keys().map(String::as_str)
    }

    /// The facts that speak for a cause most clearly, `variable=outcome`, the clearest first: those of signatures which hardly
    /// any other cause leaves as often.
    pub fn signs(&self, cause: &str) -> Vec<&str> {
        let Some(cause) = self.cause(cause) else { return Vec::new() };
        let all = self.groups.iter().flat_map(|group| &group.signatures);
        let mut clear: Vec<(f64, &Compiled)> = all
            .filter_map(|signature| {
                let own = signature.of(Hypothesis::Cause(cause));
                let others = signature.likelihood.iter().filter(|(other, _)| *other != cause);
                let next = others.map(|(_, likelihood)| *likelihood).fold(signature.rest, f64::max);
                (own >= SEEN && own > next).then_some((own / next, signature))
            })
            .collect();
        clear.sort_by(|a, b| b.0.total_cmp(&a.0));
        let texts: BTreeMap<usize, &str> = self.facts.iter().map(|(text, at)| (*at, text.as_str())).collect();
        let mut signs = Vec::new();
        for fact in clear.iter().flat_map(|(_, signature)| signature.facts().iter().collect::<Vec<_>>()) {
            if let Some(text) = texts.get(&fact)
                && !signs.contains(text)
            {
                signs.push(*text);
            }
        }
        signs
    }

    /// The signatures that speak: at most one per group and endpoint; one that several endpoints show counts once.
    pub(super) fn spoken(&self, scene: &Scene) -> Vec<Spoken> {
        let mut all: Vec<Spoken> = Vec::new();
        for group in &self.groups {
            for place in scene.places(group.scope) {
                let Some(compiled) = group.signatures.iter().find(|s| s.matches(&place.facts)) else {
                    continue;
                };
                let observations = place.behind(&compiled.facts());
                let mut named = compiled.likelihood.clone();
                for (rank, likelihood) in compiled.reply.iter().enumerate() {
                    if let Some(cause) = place.meanings.get(rank).and_then(|id| self.cause(id)) {
                        match named.iter_mut().find(|(other, _)| *other == cause) {
                            Some(entry) => entry.1 = entry.1.max(*likelihood),
                            None => named.push((cause, *likelihood)),
                        }
                    }
                }
                let again = all.iter_mut().find(|s| s.signature == compiled.id && s.named == named);
                if let Some(earlier) = again {
                    earlier.observations.extend(observations);
                    continue;
                }
                let (rest, other, healthy) = (compiled.rest, compiled.other, compiled.healthy);
                all.push(Spoken {
                    signature: compiled.id.clone(),
                    named,
                    rest,
                    other,
                    healthy,
                    observations,
                });
            }
        }
        for spoken in &mut all {
            spoken.observations.sort_unstable();
            spoken.observations.dedup();
        }
        all
    }

    /// Whether a signature speaks for some cause more than for health.
    pub(super) fn accuses(&self, spoken: &Spoken) -> bool {
        debug_assert!(!self.causes.is_empty());
        spoken.named.iter().any(|(_, likelihood)| *likelihood > spoken.healthy * 2.0)
    }

    /// Variables that were not measured and would tell the two leading hypotheses apart, most telling first.
    pub(super) fn would_settle(&self, scene: &Scene, weights: &[f64]) -> Vec<String> {
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
        let [first, second, ..] = order[..] else { return Vec::new() };
        let mut telling: BTreeMap<&str, f64> = BTreeMap::new();
        for group in &self.groups {
            for signature in &group.signatures {
                let ratio = (signature.of(self.hypotheses[first]).ln()
                    - signature.of(self.hypotheses[second]).ln())
                .abs();
                for fact in signature.all.iter().flat_map(FactSet::iter) {
                    let Some((variable, _)) = self.facts.iter().find(|(_, index)| **index == fact) else {
                        continue;
                    };
                    let Some((variable, _)) = variable.split_once('=') else { continue };
                    if !scene.knows(variable) {
                        let entry = telling.entry(variable).or_default();
                        *entry = entry.max(ratio);
                    }
                }
            }
        }
        let mut list: Vec<(&str, f64)> = telling.into_iter().filter(|(_, ratio)| *ratio > 1.5).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        list.into_iter().map(|(variable, _)| variable.to_owned()).collect()
    }

    fn compile(
        &mut self,
        group: &str,
        scope: Scope,
        signature: &crate::knowledge::Signature,
        problems: &mut Vec<Problem>,
    ) -> Compiled {
        let mut complain = |what: String| {
            problems.push(Problem {
                path: format!("signatures/{group}.toml"),
                what: format!("{}: {what}", signature.id),
            });
        };
        let mut likelihood = Vec::new();
        for (id, value) in &signature.likelihood {
            match self.causes.binary_search_by(|known| known.as_str().cmp(id)) {
                Ok(_) if !(*value > 0.0 && *value <= 1.0) => {
                    complain(format!("{id} = {value} is not in (0, 1]"));
                }
                Ok(cause) => likelihood.push((cause, value.max(FLOOR))),
                Err(_) => complain(format!("no such cause: {id}")),
            }
        }
        for value in [Some(signature.rest), signature.other, signature.healthy].into_iter().flatten() {
            if !(value > 0.0 && value <= 1.0) {
                complain(format!("{value} is not in (0, 1]"));
            }
        }
        if signature.all.is_empty() && signature.any.is_empty() {
            complain("asks for nothing".to_owned());
        }
        for condition in signature.all.iter().chain(&signature.any).chain(&signature.none) {
            if !condition.contains('=') {
                complain(format!("{condition} is not variable=outcome"));
            }
        }
        let all = signature.all.iter().map(|condition| self.fact_set(condition)).collect();
        let mut any = FactSet::default();
        signature.any.iter().for_each(|condition| any.union(&self.fact_set(condition)));
        let mut none = FactSet::default();
        signature.none.iter().for_each(|condition| none.union(&self.fact_set(condition)));
        let rest = signature.rest.max(FLOOR);
        // a healthy account has no failing endpoint, unless the signature says so
        let ground = if scope == Scope::Run { rest } else { FLOOR };
        Compiled {
            id: signature.id.clone(),
            all,
            any,
            none,
            asks_any: !signature.any.is_empty(),
            likelihood,
            reply: signature.reply.clone(),
            rest,
            other: signature
                .other
                .unwrap_or(if scope == Scope::Run { rest } else { rest.max(OTHER) })
                .max(FLOOR),
            healthy: signature.healthy.unwrap_or(ground).max(FLOOR),
        }
    }

    /// The facts that a condition `variable=one|other` accepts.
    fn fact_set(&mut self, condition: &str) -> FactSet {
        let mut set = FactSet::default();
        if let Some((variable, outcomes)) = condition.split_once('=') {
            for outcome in outcomes.split('|') {
                let next = self.facts.len();
                set.insert(*self.facts.entry(format!("{variable}={outcome}")).or_insert(next));
            }
        }
        set
    }

    /// The names of the groups, for checks.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }
}

impl Compiled {
    fn matches(&self, facts: &FactSet) -> bool {
        self.all.iter().all(|condition| condition.meets(facts))
            && (!self.asks_any || self.any.meets(facts))
            && !self.none.meets(facts)
    }

    /// Every fact that can be behind a match.
    fn facts(&self) -> FactSet {
        let mut facts = self.any.clone();
        self.all.iter().for_each(|condition| facts.union(condition));
        facts
    }

    fn of(&self, hypothesis: Hypothesis) -> f64 {
        let cause =
            |cause: usize| self.likelihood.iter().find(|(c, _)| *c == cause).map_or(self.rest, |(_, l)| *l);
        match hypothesis {
            Hypothesis::Cause(one) => cause(one),
            Hypothesis::Pair(one, two) => cause(one).max(cause(two)),
            Hypothesis::Other => self.other,
            Hypothesis::Healthy => self.healthy,
        }
    }
}
