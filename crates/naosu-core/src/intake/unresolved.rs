//! Which ids of phrases and messages are not in the taxonomy.

use std::collections::BTreeMap;

use crate::knowledge::{Knowledge, Phrase, Problem};

/// Every id that nothing is known of.
pub(super) fn unresolved(knowledge: &Knowledge) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (topic, content) in &knowledge.words().phrases {
        for phrase in &content.phrase {
            let path = format!("phrases/{topic}.toml");
            problems.extend(of_phrase(knowledge, phrase).map(|id| problem(&path, &phrase.id, id)));
        }
    }
    for (client, errors) in &knowledge.words().client_errors {
        for message in &errors.message {
            let causes = message.means.keys().filter(|id| !knowledge.taxonomy.cause.contains_key(*id));
            let symptom = Some(&message.symptom).filter(|id| !knowledge.taxonomy.symptom.contains_key(*id));
            let path = format!("client_errors/{client}.toml");
            problems.extend(causes.chain(symptom).map(|id| problem(&path, &message.id, id)));
        }
    }
    problems
}

/// The ids of a phrase that are not in the taxonomy.
fn of_phrase<'k>(knowledge: &'k Knowledge, phrase: &'k Phrase) -> impl Iterator<Item = &'k String> {
    let known = |list: &str, id: &str| {
        knowledge.taxonomy.values.get(list).is_some_and(|values| values.iter().any(|value| value == id))
    };
    let causes = phrase.cause.keys().filter(|id| !knowledge.taxonomy.cause.contains_key(*id));
    let symptoms = phrase.symptom.keys().filter(|id| !knowledge.taxonomy.symptom.contains_key(*id));
    let lists: [(&str, &BTreeMap<String, f64>); 3] =
        [("service", &phrase.service), ("device", &phrase.device), ("client", &phrase.client)];
    let values = lists.into_iter().flat_map(move |(list, map)| map.keys().filter(move |id| !known(list, id)));
    causes.chain(symptoms).chain(values)
}

fn problem(path: &str, entry: &str, id: &str) -> Problem {
    Problem { path: path.to_owned(), what: format!("{entry}: {id:?} is not in the taxonomy") }
}
