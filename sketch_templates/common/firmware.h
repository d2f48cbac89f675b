// The profiling firmware: it answers the host's requests about the network that is linked with it.
#pragma once

namespace mcuprof {

void firmware_setup();
void firmware_loop();

}  // namespace mcuprof
