//! Time is counted in looks here, so nothing waits for any.

use super::*;
use crate::http::life::Busy;

const HEADER: u32 = 3;
const IDLE: u32 = 10;
const LAST: u32 = 2;

const PATIENCE: Patience = Patience { header: HEADER, idle: IDLE, last: LAST };

fn lives() -> Lives {
    Lives::with(PATIENCE)
}

fn look(lives: &Lives, times: u32) {
    (0..times).for_each(|_| lives.look());
}

#[test]
fn a_request_in_progress_may_be_silent_for_ever() {
    let lives = lives();
    let life = lives.begin();
    life.bytes_came();
    let (one, other) = (Busy::with(&life), Busy::with(&life));
    look(&lives, 10 * IDLE);
    drop(one);
    look(&lives, 10 * IDLE);
    assert!(life.order() == Order::GoOn, "one of its requests is still in progress");
    drop(other);
    look(&lives, IDLE);
    assert!(life.order() == Order::GoOn, "idle time starts where the last answer ends");
    look(&lives, 1);
    assert!(life.order() == Order::Stop);
}

#[test]
fn an_answer_that_is_not_taken_ends_the_connection() {
    let lives = lives();
    let life = lives.begin();
    let mut busy = Busy::with(&life);
    busy.gave();
    look(&lives, IDLE);
    busy.asked();
    busy.gave();
    look(&lives, IDLE);
    assert!(life.order() == Order::GoOn, "each piece has its own time");
    look(&lives, 1);
    assert!(life.order() == Order::Stop);
}

#[test]
fn a_stuck_write_ends_a_busy_connection_and_a_silent_body_does_not() {
    let lives = lives();
    let life = lives.begin();
    let mut busy = Busy::with(&life);
    busy.gave();
    busy.asked();
    look(&lives, 10 * IDLE);
    assert!(life.order() == Order::GoOn);
    life.owe();
    look(&lives, IDLE + 1);
    assert!(life.order() == Order::Stop);
    life.took();
}

#[test]
fn a_body_given_up_half_way_owes_nothing() {
    let lives = lives();
    let life = lives.begin();
    let mut busy = Busy::with(&life);
    busy.gave();
    drop(busy);
    let silent = Busy::with(&life);
    look(&lives, 10 * IDLE);
    assert!(life.order() == Order::GoOn);
    drop(silent);
}

#[test]
fn idle_http2_is_told_to_go_before_it_is_cut() {
    let lives = lives();
    let life = lives.begin();
    life.bytes_came();
    life.frames();
    look(&lives, IDLE);
    life.bytes_came();
    look(&lives, IDLE);
    assert!(life.order() == Order::GoOn, "a ping is a sign of life, and no request's first byte");
    look(&lives, 1);
    assert!(life.order() == Order::Finish);
    life.bytes_came();
    look(&lives, HEADER);
    assert!(life.order() == Order::Finish);
    look(&lives, 1);
    assert!(life.order() == Order::Stop, "a client that does not answer GOAWAY");
}

#[test]
fn a_request_just_before_the_end_of_http2_is_answered() {
    let lives = lives();
    let life = lives.begin();
    life.frames();
    look(&lives, IDLE + 1);
    let busy = Busy::with(&life);
    look(&lives, 10 * IDLE);
    drop(busy);
    look(&lives, HEADER);
    assert!(life.order() == Order::Finish);
    look(&lives, 1);
    assert!(life.order() == Order::Stop);
}

#[test]
fn a_stop_ends_what_has_not_asked_anything_and_lets_the_rest_finish() {
    let lives = lives();
    let (new, busy) = (lives.begin(), lives.begin());
    let request = Busy::with(&busy);
    let at_once = Patience { last: 0, ..PATIENCE };
    new.drain(at_once);
    busy.drain(at_once);
    assert!(new.order() == Order::Stop && busy.order() == Order::Finish);
    drop(request);
}

#[test]
fn a_stop_leaves_time_for_the_requests_that_are_on_their_way() {
    let lives = lives();
    let (new, kept, http2) = (lives.begin(), lives.begin(), lives.begin());
    kept.waiting();
    http2.frames();
    look(&lives, IDLE - 1);
    for life in [&new, &kept, &http2] {
        life.drain(PATIENCE);
    }
    assert!(http2.order() == Order::Finish && !http2.says_close(), "it has GOAWAY");
    look(&lives, LAST);
    assert!(new.order() == Order::Last && kept.order() == Order::Last, "from the stop on");
    kept.bytes_came();
    let busy = Busy::with(&kept);
    look(&lives, 10 * IDLE);
    assert!(new.order() == Order::Stop && kept.order() == Order::Last && kept.says_close());
    drop(busy);
    kept.owe();
    look(&lives, IDLE);
    assert!(kept.order() == Order::Last, "what is written may take its time");
    kept.took();
    look(&lives, 1);
    assert!(kept.order() == Order::Stop);
}
