package io.syncmachine.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An application whose changes are published by other processes. */
final class Fleet implements PeerControl {

    private final PeerControl application;
    private final List<PeerControl> workers = new ArrayList<>();

    /**
     * Starts one.
     *
     * @param setting of a worker
     * @param size how many workers
     * @param options of each JVM
     */
    Fleet(Setting setting, int size, List<String> options) {
        application = new PeerJvm(of(setting, false), options);
        for (int i = 0; i < size; i++) {
            workers.add(new PeerJvm(of(setting, true), options));
        }
    }

    private static Setting of(Setting setting, boolean works) {
        return new Setting(
                setting.kind(),
                setting.database(),
                setting.api(),
                works,
                setting.inFlight(),
                setting.connections(),
                setting.quietSeconds(),
                works,
                setting.writers(),
                setting.stock(),
                setting.warmCustomers());
    }

    private Stream<Used> used(List<PeerControl> processes) {
        return processes.stream().map(PeerControl::used);
    }

    @Override
    public Done run(Work work, boolean warmUp, long seed) {
        return application.run(work, warmUp, seed);
    }

    @Override
    public long change(long order) {
        return application.change(order);
    }

    @Override
    public double startMillis() {
        return workers.stream().mapToDouble(PeerControl::startMillis).max().orElse(0);
    }

    @Override
    public Captured capture(int perTransaction, int turns, int transactions) {
        return application.capture(perTransaction, turns, transactions);
    }

    @Override
    public boolean isIdle() {
        return application.isIdle();
    }

    /** Of all workers together; memory and threads of the one that used most. */
    @Override
    public Used used() {
        List<Used> all = used(workers).toList();
        List<Double> resident = all.stream().map(Used::residentMegabytes).toList();
        return new Used(
                sum(all.stream().mapToDouble(Used::cpuSeconds)),
                sum(all.stream().mapToDouble(Used::compilerSeconds)),
                all.stream().mapToDouble(Used::heapMegabytes).max().orElse(0),
                most(resident),
                all.stream().mapToInt(Used::threads).max().orElse(0));
    }

    private static double sum(DoubleStream values) {
        return values.sum();
    }

    private static @Nullable Double most(List<@Nullable Double> values) {
        Double most = null;
        for (Double value : values) {
            if (value != null && (most == null || value > most)) {
                most = value;
            }
        }
        return most;
    }

    @Override
    public void startRecording() {
        workers.forEach(PeerControl::startRecording);
    }

    @Override
    public void stopRecording(String file) {
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).stopRecording(file + '.' + i);
        }
    }

    @Override
    public void close() {
        workers.forEach(PeerControl::close);
        application.close();
    }
}
