//! A server that does whatever it can to a call: nobody is ever connected to the wrong person, nothing is read, and each
//! call ends with a reason that is true.

mod losses;
mod record;
mod replays;
mod rewrites;
mod stage;

use super::person::Someone;
use super::*;
