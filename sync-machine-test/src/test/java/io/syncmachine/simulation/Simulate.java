package io.syncmachine.simulation;

/** Runs seeds. */
final class Simulate {

    private Simulate() {}

    public static void main(String[] arguments) {
        long from = 1;
        long seeds = 1;
        boolean logs = false;
        boolean all = false;
        Sabotage sabotage = null;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--from" -> from = Long.parseLong(arguments[++i]);
                case "--seeds" -> seeds = Long.parseLong(arguments[++i]);
                case "--log" -> logs = true;
                case "--sabotage" -> sabotage = Sabotage.valueOf(arguments[++i]);
                case "--sabotages" -> all = true;
                default -> throw new IllegalArgumentException(arguments[i]);
            }
        }
        ((ch.qos.logback.classic.Logger) org.slf4j.LoggerFactory.getLogger("io.syncmachine")).setLevel(ch.qos.logback.classic.Level.OFF);
        int bad = 0;
        if (all) {
            Carriers carriers = new Carriers();
            for (Sabotage one : Sabotage.values()) {
                long seed = from;
                String found = null;
                for (; seed < from + seeds && found == null; seed++) {
                    World world = new World(seed, one, false, carriers);
                    found = world.run();
                    world.close();
                }
                System.out.println(one + " " + (found == null ? "NOT CAUGHT" : "after " + (seed - from) + ": " + found));
            }
            return;
        }
        long start = System.nanoTime();
        Carriers carriers = new Carriers();
        for (long seed = from; seed < from + seeds; seed++) {
            World world = new World(seed, sabotage, logs, carriers);
            String violation = world.run();
            world.close();
            if (logs) System.out.print(world.log());
            if (violation != null) { bad++; System.out.println(seed + ": " + violation); }
        }
        System.out.println(bad + " bad of " + seeds + " in " + (System.nanoTime() - start) / 1_000_000 + " ms");
    }
}
