//! Priors times likelihoods.

use super::model::{Hypothesis, Model, Spoken};

/// The probability of each hypothesis of the model, given the signatures that speak.
///
/// w(h) = π(h) · ∏ L(signature | h), normalised: one fault, naive Bayes over evidence groups (Jensen et al. 2001,
/// "The SACSO methodology for troubleshooting complex systems");
/// a pair makes a signature as likely as the one of its two causes that makes it more likely.
/// Sums in log space; the cost is the number of hypotheses plus the number of likelihoods that are named.
pub(super) fn posterior(model: &Model, spoken: &[Spoken]) -> Vec<f64> {
    let mut correction = vec![0.0; model.causes.len()];
    let mut pairs = vec![0.0; model.hypotheses.len()];
    let (mut rest, mut other, mut healthy) = (0.0, 0.0, 0.0);
    for one in spoken {
        let ground = one.rest.ln();
        rest += ground;
        other += one.other.ln();
        healthy += one.healthy.ln();
        for (cause, likelihood) in &one.named {
            correction[*cause] += likelihood.ln() - ground;
        }
        for (index, hypothesis) in model.hypotheses.iter().enumerate() {
            if let Hypothesis::Pair(a, b) = hypothesis {
                pairs[index] += one.likelihood(*a).max(one.likelihood(*b)).ln() - ground;
            }
        }
    }
    let mut weights = Vec::with_capacity(model.hypotheses.len());
    let mut top = f64::NEG_INFINITY;
    for (index, hypothesis) in model.hypotheses.iter().enumerate() {
        let evidence = match hypothesis {
            Hypothesis::Cause(cause) => rest + correction[*cause],
            Hypothesis::Pair(..) => rest + pairs[index],
            Hypothesis::Other => other,
            Hypothesis::Healthy => healthy,
        };
        let weight = model.log_priors[index] + evidence;
        top = top.max(weight);
        weights.push(weight);
    }
    let mut sum = 0.0;
    for weight in &mut weights {
        *weight = (*weight - top).exp();
        sum += *weight;
    }
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}
