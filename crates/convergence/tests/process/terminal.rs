//! A terminal for the program, and what appears on it.

use std::fs::File;
use std::io::Read;
use std::sync::mpsc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::LONG;

/// The program's end of a terminal, and what appears on it.
pub(crate) fn terminal() -> (File, Screen) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).expect("a terminal");
    unlockpt(&ours).expect("a terminal");
    let name = ptsname(&ours, Vec::new()).expect("a name").into_string().expect("UTF-8");
    let theirs = File::options().read(true).write(true).open(name).expect("a terminal");
    let (send, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut ours = File::from(ours);
        let mut piece = [0; 4_096];
        // It fails when the last one who has the other end is gone.
        while let Ok(read) = ours.read(&mut piece) {
            if send.send(piece[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    (theirs, Screen { pieces, shown: String::new() })
}

/// The same, so many columns wide.
pub(crate) fn terminal_of_width(columns: u16) -> (File, Screen) {
    let (theirs, screen) = terminal();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size).expect("a terminal");
    (theirs, screen)
}

/// What has appeared so far.
pub(crate) struct Screen {
    pieces: mpsc::Receiver<Vec<u8>>,
    shown: String,
}

impl Screen {
    /// Waits for words.
    pub(crate) fn until(&mut self, words: &str) -> &str {
        while !self.shown.contains(words) {
            let piece = self.pieces.recv_timeout(LONG);
            let piece = piece.unwrap_or_else(|_| panic!("no {words:?} on {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&piece));
        }
        &self.shown
    }

    /// Everything, once the program is gone and so nobody has the terminal open any more.
    pub(crate) fn whole(mut self) -> String {
        self.shown.extend(self.pieces.iter().map(|piece| String::from_utf8_lossy(&piece).into_owned()));
        self.shown
    }
}
