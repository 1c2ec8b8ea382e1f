package io.syncmachine.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

/** A test class whose constructor takes a {@link DatabaseKind}, and which runs on each kind that there is here. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass
@ArgumentsSource(OnEveryDatabase.Present.class)
public @interface OnEveryDatabase {

    /** But for these. */
    DatabaseKind[] except() default {};

    /** The kinds that there are here. */
    final class Present implements ArgumentsProvider, AnnotationConsumer<OnEveryDatabase> {

        private Set<DatabaseKind> except = Set.of();

        @Override
        public void accept(OnEveryDatabase annotation) {
            except = Set.of(annotation.except());
        }

        @Override
        public Stream<? extends Arguments> provideArguments(
                ParameterDeclarations parameters, ExtensionContext context) {
            return Arrays.stream(DatabaseKind.values())
                    .filter(kind -> kind.absence() == null && !except.contains(kind))
                    .map(Arguments::of);
        }
    }
}
