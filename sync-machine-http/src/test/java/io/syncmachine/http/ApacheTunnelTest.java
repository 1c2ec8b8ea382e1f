package io.syncmachine.http;

class ApacheTunnelTest extends TunnelContract {

    @Override
    protected String send(Way way) throws Exception {
        return sendHere(way, HttpTransport.apache());
    }
}
