//! The recorded worlds: what was put into each, and what was measured there.

use std::path::Path;

use anyhow::{Context, Result};
use naosu_core::evidence::Evidence;
use naosu_lab::scenario::Scenario;

/// A world and its evidence.
pub(super) struct World {
    pub(super) name: String,
    pub(super) scenario: Scenario,
    pub(super) evidence: Evidence,
}

/// The worlds of a folder whose evidence is kept, by their names; none where there is no such folder.
pub(super) fn worlds(folder: &Path) -> Result<Vec<World>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut worlds = Vec::new();
    for entry in entries {
        let world = entry.context("read the worlds")?.path();
        let (Ok(recorded), Ok(fault)) = (
            std::fs::read_to_string(world.join("evidence.json")),
            std::fs::read_to_string(world.join("fault.toml")),
        ) else {
            continue;
        };
        let name = world.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let evidence = serde_json::from_str(&recorded).with_context(|| format!("{name}: evidence.json"))?;
        let scenario = Scenario::load(&fault).with_context(|| format!("{name}: fault.toml"))?;
        worlds.push(World { name, scenario, evidence });
    }
    worlds.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(worlds)
}
