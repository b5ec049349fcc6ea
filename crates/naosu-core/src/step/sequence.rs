//! The expected cost of repair of sequences of actions.

use super::decide::Situation;

/// A sequence of actions, ended by handing over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    /// Its first action; nothing where handing over at once is cheapest.
    pub(super) first: Option<usize>,
    /// Its expected cost, times the mass of the weights it was made for.
    pub(super) cost: f64,
}

/// Mass below which, relative to the beginning, a sequence is not followed further.
const NOTHING_LEFT: f64 = 1e-3;

/// The sequence in the order of probability by cost, updated after each failure, with the places' opening costs, cut where
/// handing over is cheapest.
pub(super) fn sequence(situation: &Situation, weights: &[f64]) -> Plan {
    Sequencer::new(situation).plan(weights, f64::INFINITY)
}

/// Makes sequences for many sets of weights: its tables and its memory are made once.
#[derive(Debug)]
pub(super) struct Sequencer {
    hand_over: f64,
    /// By hypothesis: what it costs at least, though it were known: handing over, or the least cost by probability of what
    /// ends it, for the sum of c S is the sum of (c / f) (f S) (Vomlelová's lower bound).
    least: Vec<f64>,
    /// By useful action.
    acts: Vec<Useful>,
    /// By useful action: its place, or one past the last.
    places: Vec<usize>,
    /// By hypothesis: the useful actions that end it, with the probability that they do.
    enders: Vec<Vec<(usize, f64)>>,
    /// By place: the useful actions there.
    inside: Vec<Vec<usize>>,
    opening: Vec<f64>,
    /// What [`Self::plan`] works in.
    weights: Vec<f64>,
    closed: Vec<f64>,
    gains: Vec<f64>,
    /// What each useful action ends by what it costs; nothing once it is in the sequence.
    ratios: Vec<f64>,
    /// The parts of a compound, with their ratios.
    parts: Vec<(usize, f64)>,
}

/// An action that ends something, and is still to be counted on.
#[derive(Debug)]
struct Useful {
    /// Its place in the situation.
    index: usize,
    cost: f64,
    risk: u8,
    fixes: Vec<(usize, f64)>,
}

impl Sequencer {
    pub(super) fn new(situation: &Situation) -> Self {
        Self::after(situation, None)
    }

    /// After an action has failed: its place is open, and it is not to be counted on any more.
    pub(super) fn after(situation: &Situation, failed: Option<usize>) -> Self {
        let mut opening = situation.places.clone();
        opening.push(0.0);
        let (mut acts, mut places): (Vec<Useful>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut enders = vec![Vec::new(); situation.weights.len()];
        let mut inside = vec![Vec::new(); opening.len()];
        let mut least = vec![situation.hand_over; situation.weights.len()];
        for (index, act) in situation.actions.iter().enumerate() {
            let place = act.place.unwrap_or(situation.places.len());
            if failed == Some(index) {
                opening[place] = 0.0;
            } else if !act.fixes.is_empty() {
                for (hypothesis, fix) in &act.fixes {
                    enders[*hypothesis].push((acts.len(), *fix));
                    least[*hypothesis] = least[*hypothesis].min(act.cost / fix);
                }
                inside[place].push(acts.len());
                places.push(place);
                acts.push(Useful { index, cost: act.cost, risk: act.risk, fixes: act.fixes.clone() });
            }
        }
        Self {
            hand_over: situation.hand_over,
            least,
            places,
            enders,
            inside,
            weights: Vec::with_capacity(situation.weights.len()),
            closed: Vec::with_capacity(opening.len()),
            gains: vec![0.0; acts.len()],
            ratios: vec![0.0; acts.len()],
            parts: Vec::new(),
            acts,
            opening,
        }
    }

    /// Every prefix is held against handing over; stopping as soon as no action is more efficient than handing over would
    /// cost up to 29 % more. A place that is not open yet enters with those of its actions that together make the most of
    /// its opening. A sequence that costs as much as the limit is not followed further.
    pub(super) fn plan(&mut self, weights: &[f64], limit: f64) -> Plan {
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        self.closed.clone_from(&self.opening);
        for (at, act) in self.acts.iter().enumerate() {
            let gain: f64 = act.fixes.iter().map(|(hypothesis, fix)| weights[*hypothesis] * fix).sum();
            self.gains[at] = gain;
            self.ratios[at] = gain / act.cost;
        }
        let start: f64 = weights.iter().sum();
        let mut mass = start;
        let mut bound: f64 = weights.iter().zip(&self.least).map(|(weight, least)| weight * least).sum();
        let mut spent = 0.0;
        let mut plan = Plan { first: None, cost: mass * self.hand_over };
        let mut first = None;
        while mass > start * NOTHING_LEFT {
            let Some(action) = self.most_efficient() else { break };
            self.ratios[action] = 0.0;
            let act = &self.acts[action];
            spent += mass * (act.cost + std::mem::take(&mut self.closed[self.places[action]]));
            for (hypothesis, fix) in &act.fixes {
                let ended = self.weights[*hypothesis] * fix;
                if ended > 0.0 {
                    self.weights[*hypothesis] -= ended;
                    mass -= ended;
                    bound -= ended * self.least[*hypothesis];
                    for (other, fix) in &self.enders[*hypothesis] {
                        if self.ratios[*other] > 0.0 {
                            self.gains[*other] -= ended * fix;
                            self.ratios[*other] = self.gains[*other] / self.acts[*other].cost;
                        }
                    }
                }
            }
            mass = mass.max(0.0);
            first = first.or(Some(act.index));
            let cost = spent + mass * self.hand_over;
            if cost < plan.cost {
                plan = Plan { first, cost };
            }
            // whatever followed, a longer one could not become cheaper
            if spent + bound >= plan.cost.min(limit) {
                break;
            }
        }
        plan
    }

    /// The action to take next: of the open places', and of the compounds that closed places make, the most efficient.
    fn most_efficient(&mut self) -> Option<usize> {
        let mut best: Option<Candidate> = None;
        let (mut floor, mut behind) = (NO_USE, 0.0_f64);
        for (action, (&ratio, place)) in self.ratios.iter().zip(&self.places).enumerate() {
            if self.closed[*place] > 0.0 {
                behind = behind.max(ratio);
            } else if ratio >= floor {
                let (gain, risk) = (self.gains[action], self.acts[action].risk);
                Candidate { ratio, gain, risk, action }.stand_against(&mut best);
                floor = best.as_ref().map_or(NO_USE, |best| best.ratio * (1.0 - SAME));
            }
        }
        let reached = |best: &Option<Candidate>| best.as_ref().map_or(NO_USE, |best| best.ratio);
        // a compound is at most as efficient as its best part alone, the way there aside
        if behind > reached(&best) {
            for place in 0..self.closed.len() {
                if self.closed[place] > 0.0
                    && let Some(compound) = self.compound(place, reached(&best))
                {
                    compound.stand_against(&mut best);
                }
            }
        }
        best.map(|best| best.action)
    }

    /// What a place makes of its opening: the best compound of its actions, by the first of them; nothing where none of
    /// them alone reaches what there is already.
    fn compound(&mut self, place: usize, reached: f64) -> Option<Candidate> {
        let (mut gain, mut cost, mut first) = (0.0, self.closed[place], None);
        self.parts.clear();
        loop {
            let mut next: Option<Candidate> = None;
            for action in &self.inside[place] {
                let (ratio, risk) = (self.ratios[*action], self.acts[*action].risk);
                Candidate { ratio, gain: self.gains[*action], risk, action: *action }
                    .stand_against(&mut next);
            }
            let Some(next) = next else { break };
            if next.ratio <= gain / cost || first.is_none() && next.ratio < reached {
                break;
            }
            gain += next.gain;
            cost += self.acts[next.action].cost;
            self.parts.push((next.action, std::mem::take(&mut self.ratios[next.action])));
            first = first.or(Some(next));
        }
        for (action, ratio) in &self.parts {
            self.ratios[*action] = *ratio;
        }
        first.map(|first| Candidate { ratio: gain / cost, gain, ..first })
    }
}

/// An action that may be the next one.
#[derive(Debug)]
struct Candidate {
    /// What it ends by what it costs; of a compound, all of it.
    ratio: f64,
    gain: f64,
    risk: u8,
    action: usize,
}

impl Candidate {
    /// Takes the place of the best one if it is better: more efficient; if not, ending more (of two as efficient in a row,
    /// either order costs the same, and varies less with the greater one first); if not, risking less; if not, earlier.
    fn stand_against(self, best: &mut Option<Self>) {
        let better = match best {
            None => self.ratio > NO_USE,
            Some(best) if same(self.ratio, best.ratio) => {
                if same(self.gain, best.gain) {
                    (self.risk, self.action) < (best.risk, best.action)
                } else {
                    self.gain > best.gain
                }
            }
            Some(best) => self.ratio > best.ratio,
        };
        if better {
            *best = Some(self);
        }
    }
}

/// Figures that differ by less than this share are the same but for rounding.
const SAME: f64 = 1e-12;

/// But for rounding.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SAME * one.abs().max(other.abs())
}

/// An efficiency that is none but for rounding.
const NO_USE: f64 = 1e-15;

/// The best sequence of all, by dynamic programming over the sets of actions that have failed.
///
/// Exact for one fault, costs that depend on the place only, and no questions. The work doubles with each action. Of
/// sequences that cost the same it is the one that varies least, then the one that risks least first, then the first.
pub(super) fn exact(situation: &Situation, weights: &[f64]) -> Plan {
    let useful: Vec<usize> =
        (0..situation.actions.len()).filter(|a| !situation.actions[*a].fixes.is_empty()).collect();
    let sets = 1_usize << useful.len();
    let hypotheses = weights.len();
    let mut left = vec![0.0; sets * hypotheses];
    let mut mass = vec![0.0; sets];
    left[..hypotheses].copy_from_slice(weights);
    mass[0] = weights.iter().sum();
    for (set, mass) in mass.iter_mut().enumerate().skip(1) {
        let lowest = set.trailing_zeros() as usize;
        let before = (set & (set - 1)) * hypotheses;
        let here = set * hypotheses;
        left.copy_within(before..before + hypotheses, here);
        for (hypothesis, fix) in &situation.actions[useful[lowest]].fixes {
            left[here + hypothesis] *= 1.0 - fix;
        }
        *mass = left[here..here + hypotheses].iter().sum();
    }
    // by useful action: the others of its place, any of which opens it
    let neighbours = |action: &usize| -> usize {
        let place = situation.actions[*action].place;
        let there = |index: &usize| place.is_some() && situation.actions[*index].place == place;
        useful.iter().enumerate().filter(|(_, index)| there(index)).map(|(at, _)| 1 << at).sum()
    };
    let neighbours: Vec<usize> = useful.iter().map(neighbours).collect();
    // by set: what is left to pay, and its square, both times the mass
    let mut cost = vec![(0.0, 0.0); sets];
    let mut first = None;
    for set in (0..sets).rev() {
        let mut best = (mass[set] * situation.hand_over, mass[set] * situation.hand_over.powi(2));
        first = None;
        for (at, action) in useful.iter().enumerate().filter(|(at, _)| set & (1 << at) == 0) {
            let act = &situation.actions[*action];
            let open = match act.place {
                Some(place) if set & neighbours[at] == 0 => situation.places[place],
                _ => 0.0,
            };
            let now = act.cost + open;
            let (later, square) = cost[set | (1 << at)];
            let total = (mass[set] * now + later, mass[set] * now.powi(2) + 2.0 * now * later + square);
            let less_risk = || first.is_some_and(|first: usize| act.risk < situation.actions[first].risk);
            let better = if !same(total.0, best.0) {
                total.0 < best.0
            } else if !same(total.1, best.1) {
                total.1 < best.1
            } else {
                less_risk()
            };
            if better {
                best = total;
                first = Some(*action);
            }
        }
        cost[set] = best;
    }
    Plan { first, cost: cost[0].0 }
}
