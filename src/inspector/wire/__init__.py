"""Named reads over bytes: silent when cutting messages, recording when explaining one."""
