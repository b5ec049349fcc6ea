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
    Sequencer::new(situation).plan(weights)
}

/// Makes sequences for many sets of weights: its tables and its memory are made once.
#[derive(Debug)]
pub(super) struct Sequencer<'a> {
    situation: &'a Situation,
    /// By hypothesis: the actions that end it, with the probability that they do.
    enders: Vec<Vec<(usize, f64)>>,
    /// The actions that end anything at all.
    useful: Vec<usize>,
    opening: Vec<f64>,
    weights: Vec<f64>,
    left: Vec<usize>,
    gains: Vec<f64>,
    /// By action: what it gains by its cost; nothing once it was taken.
    ratios: Vec<f64>,
    /// By place that is not open: the best ratio in it.
    inside: Vec<f64>,
}

impl<'a> Sequencer<'a> {
    pub(super) fn new(situation: &'a Situation) -> Self {
        let mut enders = vec![Vec::new(); situation.weights.len()];
        let mut useful = Vec::new();
        for (index, act) in situation.actions.iter().enumerate() {
            for (hypothesis, fix) in &act.fixes {
                enders[*hypothesis].push((index, *fix));
            }
            if !act.fixes.is_empty() {
                useful.push(index);
            }
        }
        let actions = situation.actions.len();
        Self {
            situation,
            enders,
            useful,
            opening: situation.places.clone(),
            weights: Vec::with_capacity(situation.weights.len()),
            left: Vec::with_capacity(actions),
            gains: vec![0.0; actions],
            ratios: vec![0.0; actions],
            inside: vec![0.0; situation.places.len()],
        }
    }

    /// A place is open from now on.
    pub(super) fn open(&mut self, place: usize) {
        self.opening[place] = 0.0;
    }

    /// An action is not to be counted on any more.
    pub(super) fn without(&mut self, action: usize) {
        self.useful.retain(|useful| *useful != action);
    }

    /// Every prefix is held against handing over; stopping as soon as no action is more efficient than handing over would
    /// cost up to 29 % more. A place that is not open yet enters with those of its actions that together make the most of
    /// its opening.
    pub(super) fn plan(&mut self, weights: &[f64]) -> Plan {
        let situation = self.situation;
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        self.left.clear();
        for action in &self.useful {
            let fixes = &situation.actions[*action].fixes;
            let gain: f64 = fixes.iter().map(|(hypothesis, fix)| weights[*hypothesis] * fix).sum();
            self.gains[*action] = gain;
            if gain > 0.0 {
                self.left.push(*action);
            }
        }
        let closed = self.opening.clone();
        let start: f64 = weights.iter().sum();
        let mut mass = start;
        let mut spent = 0.0;
        let mut plan = Plan { first: None, cost: mass * situation.hand_over };
        let mut first = None;
        while mass > start * NOTHING_LEFT {
            let Some(action) = self.most_efficient() else { break };
            self.left.retain(|left| *left != action);
            let act = &situation.actions[action];
            let open = act.place.map_or(0.0, |place| std::mem::take(&mut self.opening[place]));
            spent += mass * (act.cost + open);
            for (hypothesis, fix) in &act.fixes {
                let ended = self.weights[*hypothesis] * fix;
                if ended > 0.0 {
                    self.weights[*hypothesis] -= ended;
                    mass -= ended;
                    for (other, fix) in &self.enders[*hypothesis] {
                        self.gains[*other] -= ended * fix;
                    }
                }
            }
            mass = mass.max(0.0);
            first = first.or(Some(action));
            let cost = spent + mass * situation.hand_over;
            if cost < plan.cost {
                plan = Plan { first, cost };
            }
            // not even with everything ended by what is left could this become cheaper
            if spent >= plan.cost {
                break;
            }
        }
        self.opening = closed;
        plan
    }

    /// The action to take next: of the open places', and of the compounds that closed places make, the most efficient;
    /// ties go to the one that comes first.
    fn most_efficient(&mut self) -> Option<usize> {
        let actions = &self.situation.actions;
        let mut best: Option<(f64, usize)> = None;
        self.inside.fill(0.0);
        for action in &self.left {
            let ratio = self.gains[*action] / actions[*action].cost;
            self.ratios[*action] = ratio;
            match actions[*action].place {
                Some(place) if self.opening[place] > 0.0 => {
                    self.inside[place] = self.inside[place].max(ratio);
                }
                _ if ratio > 1e-15 && best.is_none_or(|(most, _)| ratio > most) => {
                    best = Some((ratio, *action));
                }
                _ => {}
            }
        }
        for place in 0..self.opening.len() {
            // a compound is at most as efficient as its best part alone, the way there aside
            if self.inside[place] > best.map_or(1e-15, |(most, _)| most)
                && let Some((ratio, action)) = self.compound(place)
                && best.is_none_or(|(most, _)| ratio > most)
            {
                best = Some((ratio, action));
            }
        }
        best.map(|(_, action)| action)
    }

    /// What a place makes of its opening: the efficiency of the best compound of its actions, and the first of them.
    fn compound(&mut self, place: usize) -> Option<(f64, usize)> {
        let actions = &self.situation.actions;
        let (mut gain, mut cost, mut first) = (0.0, self.opening[place], None);
        loop {
            let mut next: Option<usize> = None;
            for action in self.left.iter().filter(|action| actions[**action].place == Some(place)) {
                if next.is_none_or(|next| self.ratios[*action] > self.ratios[next]) {
                    next = Some(*action);
                }
            }
            let Some(next) = next.filter(|next| self.ratios[*next] > gain / cost) else { break };
            gain += self.gains[next];
            cost += actions[next].cost;
            self.ratios[next] = 0.0;
            first = first.or(Some(next));
        }
        Some((gain / cost, first?))
    }
}

/// The best sequence of all, by dynamic programming over the sets of actions that have failed.
///
/// Exact for one fault, costs that depend on the place only, and no questions. The work doubles with each action.
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
    let mut cost = vec![0.0; sets];
    let mut first = None;
    for set in (0..sets).rev() {
        let mut best = mass[set] * situation.hand_over;
        first = None;
        for (at, action) in useful.iter().enumerate().filter(|(at, _)| set & (1 << at) == 0) {
            let act = &situation.actions[*action];
            let open = match act.place {
                Some(place) if set & neighbours[at] == 0 => situation.places[place],
                _ => 0.0,
            };
            let total = mass[set] * (act.cost + open) + cost[set | (1 << at)];
            if total < best {
                best = total;
                first = Some(*action);
            }
        }
        cost[set] = best;
    }
    Plan { first, cost: cost[0] }
}
