//! What we believe in the middle of a case: measured, said, answered, and tried in vain.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnosis::{Weights, facts, is_well, weights};
use crate::evidence::{Evidence, Request};
use crate::intake::{Matched, Recognised, recognise};
use crate::knowledge::{Knowledge, STRONGEST_RATIO, Situation};
use crate::outcome::{Experience, Outcomes};
use crate::step::plan::SHARES;

/// What a case knows.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// What was said at the beginning.
    pub request: Option<&'a Request>,
    /// What was measured last.
    pub evidence: Option<&'a Evidence>,
    /// The answers: question and option.
    pub answers: BTreeMap<&'a str, &'a str>,
    /// Actions that were carried out and did not help.
    pub failed: Vec<&'a str>,
    /// Causes that were mended already, while something else is still broken.
    pub mended: Vec<&'a str>,
    /// What earlier cases taught, where that is to be heeded.
    pub outcomes: Option<&'a Outcomes>,
    /// When that is, in seconds since 1970 UTC; what was learned fades.
    pub now: u64,
}

/// The causes with their weights, and the situation they are in.
#[derive(Clone, Debug)]
pub struct Belief {
    /// By place in [`crate::diagnosis::Model::causes`], and at the end a cause that we do not know. Not normalised.
    pub weights: Vec<f64>,
    /// The device, an id of the taxonomy.
    pub device: String,
    /// The mail program.
    pub client: String,
    /// The service.
    pub service: String,
    /// What was measured, and what follows of it for the run as a whole, `variable=outcome`; empty where nothing was.
    pub seen: BTreeSet<String>,
    /// What the words say, as `said=topic.phrase`, and `said=message` where they quote a known one; `symptom=id` where they
    /// say which trouble it is.
    pub said: BTreeSet<String>,
    /// Actions that the person had carried out before, and that did not help.
    pub tried: BTreeSet<String>,
    /// How many questions were answered with `unknown`, and how many otherwise.
    pub answered: (usize, usize),
    /// What earlier cases taught about situations like this.
    pub experience: Experience,
}

/// What occurs with some services only is by so much more frequent with them than among everybody.
const AMONG: f64 = 4.0;
/// The address is with none of the providers of the knowledge, so with none of the taxonomy's services.
const UNKNOWN_PROVIDER: &str = "provider=unknown";
/// Probability from which a symptom counts as said.
const PLAIN: f64 = 0.7;
/// Devices on which this program does not run: what it measures, it measures beside them.
const PHONES: [&str; 3] = ["iphone", "ipad", "android"];
/// A cause that cannot occur in the situation keeps this much of its weight: situations are told wrongly too.
const ELSEWHERE: f64 = 0.01;
/// A cause that was mended keeps this much: it seldom comes back in the same case.
const AGAIN: f64 = 0.01;

impl Belief {
    /// What follows from what is known.
    pub fn new(knowledge: &Knowledge, known: &Known<'_>) -> Self {
        let requests: Vec<&Request> =
            known.request.into_iter().chain(known.evidence.map(|evidence| &evidence.request)).collect();
        let words = requests.iter().find_map(|request| request.words.as_deref());
        let said = words.filter(|words| !words.trim().is_empty()).map(|words| recognise(knowledge, words));
        let said = said.as_ref();
        let told = |field: fn(&Request) -> Option<&str>, recognised: fn(&Recognised) -> &str| {
            let told = requests.iter().find_map(|request| field(request).filter(|id| *id != "unknown"));
            told.or_else(|| said.map(recognised)).unwrap_or("unknown").to_owned()
        };
        let seen = known.evidence.map_or_else(BTreeSet::new, |evidence| facts(knowledge, evidence));
        let device = told(|request| request.device.as_deref(), |said| &said.device);
        let client = told(|request| request.client.as_deref(), |said| &said.client);
        let mut service = told(|request| request.service.as_deref(), |said| &said.service);

        if service == "unknown" && seen.contains(UNKNOWN_PROVIDER) {
            "other".clone_into(&mut service);
        }

        // words that spoke for what was mended since are used up
        let about = |said: &&Recognised| {
            let first = said.cause.iter().take(3);
            !first.filter(|cause| cause.p >= 0.1).any(|cause| known.mended.contains(&cause.id.as_str()))
        };
        let about = said.filter(about);
        let start = match (known.evidence, about) {
            (Some(evidence), Some(about)) if names_trouble(about) && is_well(knowledge, evidence) => {
                not_cleared(knowledge, evidence, about, &device)
            }
            (evidence, about) => weights(knowledge, evidence, about),
        };
        let here = Situation { device: &device, client: &client, service: &service };
        let learned = known.outcomes.map(|outcomes| outcomes.experience(here, known.now));
        let mut belief = Self {
            weights: start.causes,
            device,
            client,
            service,
            seen,
            said: said.map(told_by_words).unwrap_or_default(),
            tried: said.map(|said| said.tried.clone()).unwrap_or_default(),
            answered: (0, 0),
            experience: learned.unwrap_or_default(),
        };
        for (place, id) in knowledge.model.causes().iter().enumerate() {
            let Some(cause) = knowledge.causes.get(id) else { continue };
            belief.weights[place] *= belief.experience.frequency(id, cause.prior);
            if cause.only.admits(belief.situation()) {
                belief.weights[place] *= among(&cause.only.service, &belief.service);
            } else {
                belief.weights[place] *= ELSEWHERE;
            }
        }
        for (question, option) in &known.answers {
            belief.answer(knowledge, question, option);
        }
        for action in &known.failed {
            belief.failed(knowledge, action);
        }
        for action in belief.tried.clone() {
            belief.failed(knowledge, &action);
        }
        for place in known.mended.iter().filter_map(|id| knowledge.model.cause(id)) {
            belief.weights[place] *= AGAIN;
        }
        belief.weights.push(start.other);
        belief
    }

    /// The situation as far as it is known.
    pub fn situation(&self) -> Situation<'_> {
        Situation { device: &self.device, client: &self.client, service: &self.service }
    }

    /// The probability of each cause, the most probable first, with the cause's place.
    pub fn ranked(&self) -> Vec<(usize, f64)> {
        let mass: f64 = self.weights.iter().sum();
        let mut ranked: Vec<(usize, f64)> = self.weights[..self.weights.len() - 1]
            .iter()
            .enumerate()
            .map(|(place, weight)| (place, if mass > 0.0 { weight / mass } else { 0.0 }))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        ranked
    }

    /// An answer is evidence like any other: P(answer | cause) against what is usual, limited because people err.
    fn answer(&mut self, knowledge: &Knowledge, question: &str, option: &str) {
        let care = knowledge.care();
        let known = care.questions.iter().zip(&knowledge.tables().questions);
        let Some(((_, question), answers)) = known.into_iter().find(|((id, _), _)| *id == question) else {
            return;
        };
        let Some(place) = question.options.iter().position(|known| known.id == option) else { return };
        if option == "unknown" {
            self.answered.0 += 1;
        } else {
            self.answered.1 += 1;
        }
        let usual = question.options[place].usual;
        for (weight, likelihood) in self.weights.iter_mut().zip(&answers.likelihoods[place]) {
            *weight *= (likelihood / usual).clamp(1.0 / STRONGEST_RATIO, STRONGEST_RATIO);
        }
    }

    /// An action that failed takes away from the causes it would have mended.
    fn failed(&mut self, knowledge: &Knowledge, action: &str) {
        for (weight, id) in self.weights.iter_mut().zip(knowledge.model.causes()) {
            let fixes = knowledge.causes.get(id).into_iter().flat_map(|cause| &cause.fixes);
            for fix in fixes.filter(|fix| fix.action == action) {
                *weight *= 1.0 - self.experience.rate(action, id, fix.probability);
            }
        }
    }
}

/// Whether the words tell anything.
fn names_trouble(said: &Recognised) -> bool {
    !told_by_words(said).is_empty()
}

/// What may be the matter for somebody who names a trouble though everything that was measured works: that clears the provider and
/// the mailbox, and of this computer the line and the device. It says nothing of what the mail app was told, nor of a phone.
fn not_cleared(knowledge: &Knowledge, evidence: &Evidence, said: &Recognised, device: &str) -> Weights {
    let mut start = weights(knowledge, None, Some(said));
    let (before, after) = (weights(knowledge, None, None), weights(knowledge, Some(evidence), None));
    let kept = |place: usize| after.causes[place] / before.causes[place].max(f64::MIN_POSITIVE);
    let most = (0..before.causes.len()).map(kept).fold(f64::MIN_POSITIVE, f64::max);
    let phone = PHONES.contains(&device);
    for (place, id) in knowledge.model.causes().iter().enumerate() {
        let group = knowledge.taxonomy.cause.get(id).map_or("", |cause| cause.group.as_str());
        let clears = match group {
            "settings" | "identity" | "message" => false,
            "device" | "carrier" | "network" => !phone,
            _ => true,
        };
        if clears {
            start.causes[place] *= kept(place) / most;
        }
    }
    start
}

/// What words say, as facts that actions and questions may name.
fn told_by_words(said: &Recognised) -> BTreeSet<String> {
    let phrases = said.phrases.iter().map(|phrase| format!("said={}", phrase.id));
    let message = said.messages.iter().any(Matched::is_quoted);
    let symptom = said.symptom.first().filter(|symptom| symptom.p >= PLAIN);
    let symptom = symptom.map(|symptom| format!("symptom={}", symptom.id));
    phrases.chain(message.then(|| "said=message".to_owned())).chain(symptom).collect()
}

/// How much more frequent a cause is with this service than its prior says, which counts the people of all services.
fn among(services: &[String], service: &str) -> f64 {
    if !services.iter().any(|id| id == service) {
        return 1.0;
    }
    let share: f64 =
        SHARES.iter().filter(|(id, _)| services.iter().any(|one| one == id)).map(|(_, p)| p).sum();
    if share > 0.0 { (1.0 / share).clamp(1.0, AMONG) } else { 1.0 }
}
