//! What a question is worth: what it saves.
//!
//! What is left to pay after an answer depends on what is asked after it. Few questions are weighed in twos: the second is
//! chosen after the answer to the first, and after both there are nothing but sequences, so that nothing is estimated. Two
//! questions that tell something only together (whether both answers are the same, say) are found by this; looked at one at
//! a time each of them is worthless, which is the trap of myopic planners.
//!
//! Of many questions those are weighed that tell most for their cost, one at a time, and going on asking is estimated: what
//! the mending costs once the cause is known, and for each bit that is still missing what the best question takes for one.
//! Where none of them pays so though much is open, the most parting ones are weighed in twos.

use super::decide::{Ask, Situation};
use super::sequence::Sequencer;

/// How many questions are weighed with sequences; they are the ones that tell most for their cost.
const SHORT_LIST: usize = 4;

/// How much more each further bit costs than the best question takes for one now.
const DEARER: f64 = 1.5;

/// So many questions are weighed in twos.
const PAIRED: usize = 5;

/// No more than this is done to weigh questions in twos: sequences times actions times hypotheses, some nanoseconds each.
const WORK: usize = 60_000;

/// With fewer bits open than this it does not matter that none of many questions pays by itself.
const OPEN: f64 = 0.5;

/// Costs that differ by less than this share are the same.
const SAME: f64 = 1e-9;

/// After an action against a known cause has failed there mostly is another one; the share of handing over that is left.
const RETRIED: f64 = 0.2;

/// A question that pays.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inquiry {
    /// Its place in the situation.
    pub(super) question: usize,
    /// What asking it now, and all that follows, is expected to cost, times the mass.
    pub(super) cost: f64,
    weighed: Weighed,
}

/// How a question was weighed.
#[derive(Clone, Debug, PartialEq)]
enum Weighed {
    /// By itself, with what a bit costs to go on asking.
    Alone(f64),
    /// With each of these following it.
    InTwos(Vec<usize>),
}

impl Inquiry {
    /// What is left to pay, times the mass, with these weights, when it can still be asked or left alone.
    pub(super) fn later(
        &self,
        situation: &Situation,
        groups: &Groups,
        sequencer: &mut Sequencer,
        weights: &[f64],
    ) -> f64 {
        match &self.weighed {
            Weighed::Alone(bit) => {
                let mut value = Value { sequencer, groups, bit: *bit, sums: Vec::new() };
                value.of(weights).min(value.asking(&situation.questions[self.question], weights))
            }
            Weighed::InTwos(partners) => {
                let silent = sequencer.plan(weights, f64::INFINITY).cost;
                Pairs::new(situation, sequencer).asking(self.question, partners, weights, silent)
            }
        }
    }
}

/// The question with which least is left to pay, if that is less than it costs without.
pub(super) fn inquire(
    situation: &Situation,
    groups: &Groups,
    sequencer: &mut Sequencer,
    without: f64,
) -> Option<Inquiry> {
    let mut parting = groups.parting(situation);
    let many = parting.len();
    parting.truncate(PAIRED);
    while work(situation, &parting) > WORK {
        parting.pop();
    }
    if parting.len() == many {
        return in_twos(situation, sequencer, parting, without);
    }
    alone(situation, groups, sequencer, without).or_else(|| {
        let open = groups.missing(situation.weights.iter().copied(), &mut Vec::new());
        let mass: f64 = situation.weights.iter().sum();
        if open < OPEN * mass { None } else { in_twos(situation, sequencer, parting, without) }
    })
}

/// How much there is to do for these questions in twos: a sequence for each answer, and for each two answers.
fn work(situation: &Situation, questions: &[usize]) -> usize {
    let answers = |at: &usize| situation.questions[*at].answers.len();
    let all: usize = questions.iter().map(answers).sum();
    let sequences: usize = questions.iter().map(|at| answers(at) * (1 + all - answers(at))).sum();
    let useful = situation.actions.iter().filter(|act| !act.fixes.is_empty()).count();
    sequences * useful * situation.weights.len()
}

/// Each question by itself; of two that cost the same it is the one that parts more.
fn alone(situation: &Situation, groups: &Groups, sequencer: &mut Sequencer, without: f64) -> Option<Inquiry> {
    let weights = &situation.weights;
    let (short, bit) = groups.short_list(situation);
    let mut value = Value { sequencer, groups, bit, sums: Vec::new() };
    let mut least = value.of(weights).min(without);
    let mut best = None;
    for question in short {
        let cost = value.asking(&situation.questions[question], weights);
        let mut parted = |at: usize| groups.parted(weights, &situation.questions[at], &mut value.sums);
        let as_good = |best: usize| cost <= least * (1.0 + SAME) && parted(question) > parted(best);
        if cost < least * (1.0 - SAME) || best.is_some_and(as_good) {
            (least, best) = (cost, Some(question));
        }
    }
    Some(Inquiry { question: best?, cost: least, weighed: Weighed::Alone(bit) })
}

/// The questions in twos; they come by what they part, and so it is that which decides between two that cost the same.
fn in_twos(
    situation: &Situation,
    sequencer: &mut Sequencer,
    partners: Vec<usize>,
    without: f64,
) -> Option<Inquiry> {
    let mut pairs = Pairs::new(situation, sequencer);
    let (mut least, mut best) = (without, None);
    for question in &partners {
        let cost = pairs.asking(*question, &partners, &situation.weights, least);
        if cost < least * (1.0 - SAME) {
            (least, best) = (cost, Some(*question));
        }
    }
    Some(Inquiry { question: best?, cost: least, weighed: Weighed::InTwos(partners) })
}

/// The hypotheses by what is done about them: two that the same action ends best need not be told apart.
#[derive(Debug)]
pub(super) struct Groups {
    /// By hypothesis: its group.
    of: Vec<usize>,
    count: usize,
    /// By hypothesis: what mending costs once it is known to be this one.
    known: Vec<f64>,
}

impl Groups {
    pub(super) fn new(situation: &Situation) -> Self {
        let mut best: Vec<Option<(f64, usize)>> = vec![None; situation.weights.len()];
        for (index, act) in situation.actions.iter().enumerate() {
            let open = act.place.map_or(0.0, |place| situation.places[place]);
            for (hypothesis, fix) in &act.fixes {
                // tried alone, and handed over where it fails
                let cost = act.cost + open + (1.0 - fix) * situation.hand_over * RETRIED;
                if cost < best[*hypothesis].map_or(situation.hand_over, |(least, _)| least) {
                    best[*hypothesis] = Some((cost, index));
                }
            }
        }
        let none = situation.actions.len();
        let of = best.iter().map(|best| best.map_or(none, |(_, index)| index)).collect();
        let known = best.iter().map(|best| best.map_or(situation.hand_over, |(cost, _)| cost)).collect();
        Self { of, count: none + 1, known }
    }

    /// The bits that are missing to know the group, times the mass; `sums` is memory to work in.
    fn missing(&self, weights: impl Iterator<Item = f64>, sums: &mut Vec<f64>) -> f64 {
        let mass = self.sum(weights, sums);
        if mass <= 0.0 {
            return 0.0;
        }
        sums.iter().filter(|sum| **sum > 0.0).map(|sum| -sum * (sum / mass).log2()).sum()
    }

    /// How much a question parts hypotheses of different groups: the gain of the equivalence class edge cutting algorithm
    /// EC² (Golovin, Krause and Ray 2010), which is above nothing also for questions that tell something only together.
    /// An edge joins two hypotheses of different groups and weighs their product; an answer cuts it as far as the two
    /// give it with different probabilities (one less their Bhattacharyya coefficient; of certain answers, all or nothing).
    fn parted(&self, weights: &[f64], ask: &Ask, sums: &mut Vec<f64>) -> f64 {
        let mut edges = |share: &dyn Fn(usize) -> f64| {
            let all = self.sum(weights.iter().enumerate().map(|(at, weight)| weight * share(at)), sums);
            all * all - sums.iter().map(|sum| sum * sum).sum::<f64>()
        };
        let left: f64 = ask.answers.iter().map(|answer| edges(&|at| answer[at].sqrt())).sum();
        (edges(&|_| 1.0) - left) / 2.0
    }

    /// The questions that part anything, and all of few, the most parting for its cost first.
    fn parting(&self, situation: &Situation) -> Vec<usize> {
        let mut sums = Vec::with_capacity(self.count);
        let mass: f64 = situation.weights.iter().sum();
        let parted = situation.questions.iter().enumerate().map(|(at, ask)| {
            (self.parted(&situation.weights, ask, &mut sums), ask.cost.max(f64::MIN_POSITIVE), at)
        });
        let few = situation.questions.len() <= PAIRED;
        let parted = parted.filter(|(parted, _, _)| few || *parted > SAME * mass * mass);
        let mut priced: Vec<(f64, usize)> = parted.map(|(parted, cost, at)| (parted / cost, at)).collect();
        priced.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        priced.into_iter().map(|(_, at)| at).collect()
    }

    /// The questions that tell most for their cost, the best first, and what a bit costs with the best of them.
    fn short_list(&self, situation: &Situation) -> (Vec<usize>, f64) {
        let mass: f64 = situation.weights.iter().sum();
        let mut sums = Vec::with_capacity(self.count);
        let missing = self.missing(situation.weights.iter().copied(), &mut sums);
        let mut priced: Vec<(f64, usize)> = Vec::new();
        for (index, ask) in situation.questions.iter().enumerate() {
            let mut left = 0.0;
            for answer in &ask.answers {
                left += self.missing(situation.weights.iter().zip(answer).map(|(w, p)| w * p), &mut sums);
            }
            let bits = (missing - left) / mass;
            if bits > 1e-6 {
                // what one bit costs; the first bits of a question that tells little come at a discount that does not last
                priced.push((ask.cost / bits, index));
            }
        }
        priced.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let bit = priced.first().map_or(f64::INFINITY, |(price, _)| *price);
        (priced.into_iter().take(SHORT_LIST).map(|(_, index)| index).collect(), bit)
    }

    /// Sums the weights by group; returns the mass.
    fn sum(&self, weights: impl Iterator<Item = f64>, sums: &mut Vec<f64>) -> f64 {
        sums.clear();
        sums.resize(self.count, 0.0);
        let mut mass = 0.0;
        for (group, weight) in self.of.iter().zip(weights) {
            sums[*group] += weight;
            mass += weight;
        }
        mass
    }
}

/// What is left to pay, times the mass.
#[derive(Debug)]
pub(super) struct Value<'a> {
    sequencer: &'a mut Sequencer,
    groups: &'a Groups,
    /// What a bit costs.
    bit: f64,
    /// Memory to work in.
    sums: Vec<f64>,
}

impl Value<'_> {
    fn of(&mut self, weights: &[f64]) -> f64 {
        let mut asking = f64::INFINITY;
        if self.bit.is_finite() {
            let known = weights.iter().zip(&self.groups.known);
            let mending: f64 = known.map(|(weight, cost)| weight * cost).sum();
            let missing = self.groups.missing(weights.iter().copied(), &mut self.sums);
            asking = mending + missing * self.bit * DEARER;
        }
        self.sequencer.plan(weights, asking).cost.min(asking)
    }

    fn asking(&mut self, ask: &Ask, weights: &[f64]) -> f64 {
        let mut scaled = vec![0.0; weights.len()];
        let mut total = ask.cost * weights.iter().sum::<f64>();
        for answer in &ask.answers {
            scale(&mut scaled, weights, answer);
            total += self.of(&scaled);
        }
        total
    }
}

/// Questions in twos, without any estimate.
#[derive(Debug)]
struct Pairs<'a> {
    situation: &'a Situation,
    sequencer: &'a mut Sequencer,
    /// By hypothesis: what mending it costs at least, though it were known (Vomlelová's lower bound).
    least: Vec<f64>,
    /// Memory to work in: the weights after the first answer, and after the second.
    once: Vec<f64>,
    twice: Vec<f64>,
}

impl<'a> Pairs<'a> {
    fn new(situation: &'a Situation, sequencer: &'a mut Sequencer) -> Self {
        let mut least = vec![situation.hand_over; situation.weights.len()];
        for act in &situation.actions {
            for (hypothesis, fix) in &act.fixes {
                // sum of c S = sum of (c / f) (f S), so no sequence is below the least c / f of it
                least[*hypothesis] = least[*hypothesis].min(act.cost / fix);
            }
        }
        let memory = vec![0.0; situation.weights.len()];
        Self { situation, sequencer, least, once: memory.clone(), twice: memory }
    }

    /// What is left to pay, times the mass, when the question is asked and one of the others may follow; not less than the
    /// limit where that is not below it.
    fn asking(&mut self, question: usize, partners: &[usize], weights: &[f64], limit: f64) -> f64 {
        let ask = &self.situation.questions[question];
        let mut total = ask.cost * weights.iter().sum::<f64>() + self.bound(weights);
        for answer in &ask.answers {
            if total >= limit {
                return limit;
            }
            let mut once = std::mem::take(&mut self.once);
            scale(&mut once, weights, answer);
            let bound = self.bound(&once);
            let mut best = self.sequencer.plan(&once, f64::INFINITY).cost;
            for second in partners.iter().filter(|second| **second != question) {
                best = self.following(*second, &once, bound, best);
            }
            total += best - bound;
            self.once = once;
        }
        total.min(limit)
    }

    /// What is left to pay with the second question, or the limit.
    fn following(&mut self, second: usize, weights: &[f64], bound: f64, limit: f64) -> f64 {
        let ask = &self.situation.questions[second];
        let mut total = ask.cost * weights.iter().sum::<f64>() + bound;
        for answer in &ask.answers {
            if total >= limit {
                return limit;
            }
            let mut twice = std::mem::take(&mut self.twice);
            scale(&mut twice, weights, answer);
            total += self.sequencer.plan(&twice, f64::INFINITY).cost - self.bound(&twice);
            self.twice = twice;
        }
        total.min(limit)
    }

    fn bound(&self, weights: &[f64]) -> f64 {
        weights.iter().zip(&self.least).map(|(weight, least)| weight * least).sum()
    }
}

fn scale(scaled: &mut [f64], weights: &[f64], answer: &[f64]) {
    for ((scaled, weight), probability) in scaled.iter_mut().zip(weights).zip(answer) {
        *scaled = weight * probability;
    }
}
