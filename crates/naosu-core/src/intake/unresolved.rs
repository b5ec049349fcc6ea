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
            let unknown = phrase.tried.iter().filter(|id| !knowledge.care().actions.contains_key(*id));
            problems.extend(unknown.map(|id| Problem {
                path: path.clone(),
                what: format!("{}: there is no action {id:?}", phrase.id),
            }));
        }
    }
    problems.extend(asking(knowledge));
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

/// What actions and questions take for said, `said=topic.phrase`, `said=message` or `symptom=id`, where nothing says it.
fn asking(knowledge: &Knowledge) -> Vec<Problem> {
    let phrases = &knowledge.words().phrases;
    let exists = |said: &str| {
        said == "message"
            || said.split_once('.').is_some_and(|(topic, id)| {
                phrases.get(topic).is_some_and(|topic| topic.phrase.iter().any(|phrase| phrase.id == id))
            })
    };
    let care = knowledge.care();
    let actions = care.actions.iter().map(|(id, action)| (format!("actions/{id}.toml"), &action.asked_by));
    let questions =
        care.questions.iter().map(|(id, asked)| (format!("questions/{id}.toml"), &asked.measured_by));
    let mut problems = Vec::new();
    for (path, facts) in actions.chain(questions) {
        let symptoms = facts.iter().filter_map(|fact| fact.strip_prefix("symptom="));
        for unknown in symptoms.filter(|id| !knowledge.taxonomy.symptom.contains_key(*id)) {
            problems.push(problem(&path, "symptom", unknown));
        }
        let said = facts.iter().filter_map(|fact| fact.strip_prefix("said="));
        for unknown in said.filter(|said| !exists(said)) {
            let what = format!("no phrase says {unknown:?}");
            problems.push(Problem { path: path.clone(), what });
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
    let denied = phrase.denies.iter().filter(|id| {
        !knowledge.taxonomy.cause.contains_key(*id) && !knowledge.taxonomy.symptom.contains_key(*id)
    });
    let lists: [(&str, &BTreeMap<String, f64>); 3] =
        [("service", &phrase.service), ("device", &phrase.device), ("client", &phrase.client)];
    let values = lists.into_iter().flat_map(move |(list, map)| map.keys().filter(move |id| !known(list, id)));
    causes.chain(symptoms).chain(denied).chain(values)
}

fn problem(path: &str, entry: &str, id: &str) -> Problem {
    Problem { path: path.to_owned(), what: format!("{entry}: {id:?} is not in the taxonomy") }
}
