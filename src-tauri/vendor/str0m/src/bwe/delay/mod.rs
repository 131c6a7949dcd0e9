mod arrival_group;
mod control;
mod queue;
mod rate_control;
mod trendline;

pub use control::DelayController;
