//! Troubles on request: what a host sees of each, in process and through pcscd.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod host;

use std::time::{Duration, Instant};

use bench::Bench;
use host::Host;
use kagibashi_card_simulator::apdu::Le;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::personalise::{Request, company};
use kagibashi_card_simulator::{Card, Settings};

const CAPABILITIES: &str = "opensc-tool --send-apdu 00:CA:01:86:00";

#[test]
fn faults_hit_the_planned_command_and_no_other() {
    let mut card = company(&Request::default()).card;
    let mut host = Host::connect(&mut card);
    let serial = |host: &mut Host| host.send_raw(0x00CA_0180, &[], Some(Le::Short(0)));
    let good = serial(&mut host).len();

    host.card.faults.plan(2, Fault::CorruptMac);
    let before = host.card.commands();
    assert_eq!(host.send(0x00CA_0180, &[], Some(Le::Short(0))).1, 0x9000);
    let corrupt = serial(&mut host);
    assert_eq!(corrupt.len(), good);
    assert!(host.open(&corrupt).is_none(), "the MAC must be wrong");
    assert_eq!(host.send(0x00CA_0180, &[], Some(Le::Short(0))).1, 0x9000);
    assert_eq!(host.card.commands() - before, 3);

    host.card.faults.plan(1, Fault::Truncate);
    assert_eq!(serial(&mut host).len(), 1);

    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.verify(1, "12345678"), 0x9000);
    host.card.faults.plan(1, Fault::LoseSession);
    assert_eq!(serial(&mut host), [0x69, 0x88]);
    host.reconnect();
    assert_eq!(
        host.apply_key(0x2900, &[1; 256]).1,
        0x6982,
        "the PIN went with the session"
    );

    for fault in [Fault::Mute, Fault::Remove] {
        host.card.faults.plan(1, fault);
        assert!(serial(&mut host).is_empty());
        host.card.reset();
        host.reconnect();
        assert_eq!(serial(&mut host).len(), good);
    }
}

#[test]
fn a_key_operation_takes_as_long_as_told() {
    let mut card = company(&Request::default()).card;
    card.faults.key_delay = Duration::from_millis(300);
    let mut host = Host::connect(&mut card);
    host.select(&[0x3F00, 0x5015]);
    host.verify(1, "12345678");
    let start = Instant::now();
    assert_eq!(host.apply_key(0x2900, &[1; 256]).1, 0x9000);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_card_comes_and_goes() {
    let mut bench = Bench::with(Card::blank(Settings::default()));
    for _ in 0..3 {
        bench.reader.remove();
        assert!(!bench.reader.is_inserted());
        bench.reader.insert().unwrap();
        bench
            .run(CAPABILITIES)
            .succeeded()
            .said(&["SW1=0x90, SW2=0x00"]);
    }
    bench.reader.card().faults.plan(1, Fault::Remove);
    bench
        .run(CAPABILITIES)
        .failed_saying("APDU transmit failed");
    assert!(!bench.reader.is_inserted());
    bench.reader.insert().unwrap();
    bench.run(CAPABILITIES).succeeded();
}

#[test]
fn who_waits_for_a_mute_card_is_freed_by_its_removal() {
    let mut bench = Bench::with(Card::blank(Settings::default()));
    bench.reader.card().faults.plan(1, Fault::Mute);
    let mut waiting = bench.command(CAPABILITIES).spawn().unwrap();
    let start = Instant::now();
    while bench.reader.card().commands() == 0 {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the command never came"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(waiting.try_wait().unwrap(), None, "it must be waiting");
    bench.reader.remove();
    assert!(!waiting.wait().unwrap().success());
    bench.reader.insert().unwrap();
    bench.run(CAPABILITIES).succeeded();
}

#[test]
fn many_readers_live_side_by_side() {
    let benches = [1, 2, 3].map(|seed| {
        let serial = [seed; 8];
        Bench::with(Card::blank(Settings {
            serial,
            ..Settings::default()
        }))
    });
    for (bench, serial) in benches
        .iter()
        .zip(["01 01 01 01", "02 02 02 02", "03 03 03 03"])
    {
        bench
            .run("opensc-tool --serial")
            .succeeded()
            .said(&[serial]);
    }
}
