//! Latency: two TUN devices of the router between which every packet is held back. The router sends what comes from
//! the device into the one end and what comes from the servers into the other; each packet leaves at the far end.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tun_rs::{DeviceBuilder, SyncDevice};

/// Creates both devices and relays between them until the process ends.
pub(crate) fn start(one: &str, other: &str, delay_ms: u64) -> Result<()> {
    let delay = Duration::from_millis(delay_ms);
    let open = |name: &str| -> Result<Arc<SyncDevice>> {
        Ok(Arc::new(
            DeviceBuilder::new().name(name).mtu(1500).build_sync().with_context(|| format!("open {name}"))?,
        ))
    };
    let (one, other) = (open(one)?, open(other)?);
    direction(Arc::clone(&one), Arc::clone(&other), delay);
    direction(other, one, delay);
    Ok(())
}

fn direction(from: Arc<SyncDevice>, to: Arc<SyncDevice>, delay: Duration) {
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(10_000);
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(length) = from.recv(&mut buffer) {
            // a full channel drops, as a full queue would
            let _ = sender.try_send((Instant::now() + delay, buffer[..length].to_vec()));
        }
    });
    thread::spawn(move || {
        while let Ok((due, packet)) = receiver.recv() {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // the kernel refuses packets while the device is down; they are lost, as on a wire
            let _ = to.send(&packet);
        }
    });
}
