//! Evidence files, as `naosu check --evidence-out` writes them.

use naosu_core::evidence::{Evidence as Taken, SCHEMA};
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::problem::{Cause, Problem};
use crate::wording::Wording;

/// The most observations that are taken; a run makes a few hundred.
const OBSERVATIONS_LIMIT: usize = 2000;

/// The largest number of milliseconds.
const MILLISECONDS_LIMIT: u64 = 9_007_199_254_740_991;

/// Stands in the document for the published schema, which is put there as a whole.
pub(super) struct Evidence;

impl PartialSchema for Evidence {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::Object(utoipa::openapi::Object::new()))
    }
}

impl ToSchema for Evidence {
    fn name() -> std::borrow::Cow<'static, str> {
        "Evidence".into()
    }
}

/// Stands in the document for the published schema, which is put there as a whole.
pub(super) struct Report;

impl PartialSchema for Report {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::Object(utoipa::openapi::Object::new()))
    }
}

impl ToSchema for Report {
    fn name() -> std::borrow::Cow<'static, str> {
        "Report".into()
    }
}

/// The evidence in a value.
pub(super) fn taken(value: Value, w: Wording) -> Result<Taken, Problem> {
    let invalid = |what: String| Problem::of(Cause::Invalid(what), w);
    if let Some(place) = misshapen(&value) {
        return Err(invalid(format!("{place}: not as the document describes it")));
    }
    let evidence: Taken = serde_json::from_value(value).map_err(|error| invalid(error.to_string()))?;
    if evidence.schema != SCHEMA {
        return Err(invalid(format!("schema: not {SCHEMA}")));
    }
    Ok(evidence)
}

/// What the types alone do not refuse: lists in the place of objects, and what is not written but may be read.
fn misshapen(value: &Value) -> Option<&'static str> {
    let request = value.get("request")?;
    if !request.is_object() || request.get("sign_in").is_none() {
        return Some("request");
    }
    if !in_range(value, "elapsed_ms") {
        return Some("elapsed_ms");
    }
    let observations = value.get("observations").and_then(Value::as_array)?;
    if observations.len() > OBSERVATIONS_LIMIT || !observations.iter().all(fits) {
        return Some("observations");
    }
    None
}

fn fits(observation: &Value) -> bool {
    observation.is_object() && in_range(observation, "started_ms") && in_range(observation, "elapsed_ms")
}

/// Whether a number is one that every reader of JSON has exactly.
fn in_range(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_u64).is_some_and(|number| number <= MILLISECONDS_LIMIT)
}

/// The published schemas as components of a document: `$defs` become components of their own, and what only the writer
/// keeps to is not asked of others.
pub(super) fn components() -> Vec<(String, Value)> {
    let mut components = Vec::new();
    for (name, text) in [
        ("Evidence", include_str!("../../../../schemas/naosu.evidence.1.json")),
        ("Report", include_str!("../../../../schemas/naosu.report.1.json")),
    ] {
        let mut schema: Value = serde_json::from_str(text).expect("the published schemas are JSON");
        let definitions = schema.as_object_mut().and_then(|schema| {
            schema.remove("$schema");
            schema.remove("$id");
            schema.remove("$defs")
        });
        rewrite(&mut schema, name, name == "Evidence");
        components.push((name.to_owned(), schema));
        for (id, mut definition) in definitions.and_then(|it| it.as_object().cloned()).into_iter().flatten() {
            // the evidence is bundled with the report
            if definition.get("$id").is_none() {
                rewrite(&mut definition, name, name == "Evidence");
                components.push((format!("{name}.{id}"), definition));
            }
        }
    }
    components
}

fn rewrite(value: &mut Value, name: &str, tolerant: bool) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(to)) = map.get_mut("$ref") {
                if to.as_str() == "urn:naosu:schema:evidence:1" {
                    "#/components/schemas/Evidence".clone_into(to);
                } else if let Some(id) = to.strip_prefix("#/$defs/") {
                    *to = format!("#/components/schemas/{name}.{id}");
                }
            }
            // a report repeats the ids of the evidence that was sent
            map.remove("pattern");
            if tolerant {
                map.remove("uniqueItems");
                if map.get("type").and_then(Value::as_str) == Some("integer") {
                    map.insert("maximum".to_owned(), MILLISECONDS_LIMIT.into());
                }
                if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
                    for id in ["address", "words", "service", "device", "client", "user"] {
                        if let Some(property) = properties.get_mut(id) {
                            *property = serde_json::json!({ "type": ["string", "null"] });
                        }
                    }
                    if let Some(named) = properties.get_mut("named") {
                        *named = serde_json::json!({ "type": "array", "items": { "type": "string" } });
                    }
                    if let Some(observations) = properties.get_mut("observations") {
                        observations["maxItems"] = OBSERVATIONS_LIMIT.into();
                    }
                }
            }
            map.values_mut().for_each(|value| rewrite(value, name, tolerant));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rewrite(value, name, tolerant)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
