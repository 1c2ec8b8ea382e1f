package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncMachine;
import io.syncmachine.annotation.AnnotatedMachine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ModuleLayer.Controller;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An application that is a named module. */
class AnnotatedModuleTest {

    private static final String ORDERS = """
            package app;

            import io.syncmachine.annotation.*;

            @SyncMachineFor(subject = String.class, name = "orders", idType = Long.class)
            public class Orders {
                public static Object create() { return new Orders(); }
                @Build private String build(String order) { return order; }
                @Publish void publish(String order, String document) {}
            }
            """;

    @TempDir
    Path folder;

    private Object hooks(String module) throws Exception {
        Path sources = Files.createDirectories(folder.resolve("sources/app"));
        Path classes = folder.resolve("classes");
        Path info = Files.writeString(sources.resolveSibling("module-info.java"), module);
        Path orders = Files.writeString(sources.resolve("Orders.java"), ORDERS);
        StringWriter said = new StringWriter();
        int exit = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(
                        new PrintWriter(said),
                        new PrintWriter(said),
                        "--add-reads",
                        "app=ALL-UNNAMED",
                        "-proc:none",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-d",
                        classes.toString(),
                        info.toString(),
                        orders.toString());
        assertThat(exit).as(said.toString()).isZero();
        Configuration configuration =
                ModuleLayer.boot().configuration().resolve(ModuleFinder.of(classes), ModuleFinder.of(), Set.of("app"));
        ClassLoader own = getClass().getClassLoader();
        Controller layer = ModuleLayer.defineModulesWithOneLoader(configuration, List.of(ModuleLayer.boot()), own);
        Module app = layer.layer().findModule("app").orElseThrow();
        layer.addReads(app, own.getUnnamedModule());
        return app.getClassLoader().loadClass("app.Orders").getMethod("create").invoke(null);
    }

    @Test
    void opensItsPackage() throws Exception {
        SyncMachine<?, ?> machine = AnnotatedMachine.of(hooks("open module app {}"));

        assertThat(machine.name()).isEqualTo("orders");
    }

    @Test
    void isToldThatItMustOpenItsPackage() throws Exception {
        Object hooks = hooks("module app { exports app; }");

        assertThatThrownBy(() -> AnnotatedMachine.of(hooks))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("machine 'orders': @Build Orders.build(String) cannot be called; "
                        + "module app must say: opens app;");
    }
}
