//! `elbo resume`: a fit of any model goes on.

use elbo::{burn::tensor::Device, diagnose::Level};
use elbo_fit::{Error, Plan, resume as go_on};

use crate::{arguments::Resume, out::finish, screen::Screen};

pub(crate) fn resume(arguments: &Resume, device: &Device) -> Result<Level, Error> {
    let plan = Plan { memory: arguments.memory, device: device.clone(), ..Plan::default() };
    finish(&go_on(&arguments.run, &arguments.more(), &plan, &Screen::default())?)
}
