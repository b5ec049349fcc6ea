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
///
/// Every prefix is held against handing over; stopping as soon as no action is more efficient than handing over would
/// cost up to 29 % more. A place that is not open yet enters with those of its actions that together make the most of its
/// opening.
pub(super) fn sequence(situation: &Situation, weights: &[f64]) -> Plan {
    let mut weights = weights.to_vec();
    let mut left: Vec<usize> =
        (0..situation.actions.len()).filter(|a| !situation.actions[*a].fixes.is_empty()).collect();
    let mut opening = situation.places.clone();
    let start: f64 = weights.iter().sum();
    let mut mass = start;
    let mut spent = 0.0;
    let mut plan = Plan { first: None, cost: mass * situation.hand_over };
    let mut first = None;
    let mut gains: Vec<f64> = Vec::with_capacity(left.len());
    while !left.is_empty() && mass > start * NOTHING_LEFT {
        gains.clear();
        gains.extend(left.iter().map(|action| gain(situation, *action, &weights)));
        let Some(at) = most_efficient(situation, &left, &gains, &opening) else { break };
        let action = left.swap_remove(at);
        left.sort_unstable();
        let act = &situation.actions[action];
        let open = act.place.map_or(0.0, |place| std::mem::take(&mut opening[place]));
        spent += mass * (act.cost + open);
        for (hypothesis, fix) in &act.fixes {
            weights[*hypothesis] *= 1.0 - fix;
        }
        mass = weights.iter().sum();
        first = first.or(Some(action));
        let cost = spent + mass * situation.hand_over;
        if cost < plan.cost {
            plan = Plan { first, cost };
        }
    }
    plan
}

/// The mass that an action ends.
fn gain(situation: &Situation, action: usize, weights: &[f64]) -> f64 {
    situation.actions[action].fixes.iter().map(|(hypothesis, fix)| weights[*hypothesis] * fix).sum()
}

/// The place in `left` of the action to take next: of the open ones, and of the compounds that closed places make, the most
/// efficient; ties go to the one that comes first.
fn most_efficient(situation: &Situation, left: &[usize], gains: &[f64], opening: &[f64]) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    let mut consider = |efficiency: f64, at: usize| {
        if efficiency > 0.0 && best.is_none_or(|(most, _)| efficiency > most) {
            best = Some((efficiency, at));
        }
    };
    let ratio = |at: usize| gains[at] / situation.actions[left[at]].cost;
    for (at, action) in left.iter().enumerate() {
        match situation.actions[*action].place {
            Some(place) if opening[place] > 0.0 => {}
            _ => consider(ratio(at), at),
        }
    }
    let mut inside: Vec<usize> = Vec::new();
    for (place, open) in opening.iter().enumerate().filter(|(_, open)| **open > 0.0) {
        inside.clear();
        inside.extend((0..left.len()).filter(|at| situation.actions[left[*at]].place == Some(place)));
        inside.sort_by(|a, b| ratio(*b).total_cmp(&ratio(*a)).then_with(|| a.cmp(b)));
        let (mut sum, mut cost, mut most) = (0.0, *open, 0.0_f64);
        for at in &inside {
            sum += gains[*at];
            cost += situation.actions[left[*at]].cost;
            most = most.max(sum / cost);
        }
        if let Some(at) = inside.first() {
            consider(most, *at);
        }
    }
    best.map(|(_, at)| at)
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
    let mut cost = vec![0.0; sets];
    let mut first = None;
    for set in (0..sets).rev() {
        let mut best = mass[set] * situation.hand_over;
        first = None;
        for (at, action) in useful.iter().enumerate().filter(|(at, _)| set & (1 << at) == 0) {
            let act = &situation.actions[*action];
            let open = act.place.map_or(0.0, |place| {
                let there = |(other, index): (usize, &usize)| {
                    set & (1 << other) != 0 && situation.actions[*index].place == Some(place)
                };
                if useful.iter().enumerate().any(there) { 0.0 } else { situation.places[place] }
            });
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
