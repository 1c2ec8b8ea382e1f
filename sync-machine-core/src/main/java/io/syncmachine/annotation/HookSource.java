package io.syncmachine.annotation;

import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A class that may have annotations, with all that it inherits: that of an object with hooks, or the subject's. */
final class HookSource {

    /** What proxies made at run time have in the names of their classes. */
    private static final String GENERATED = "$$";

    private static final List<Class<? extends Annotation>> HOOKS = List.of(
            ListenTo.class,
            ListenToEvent.class,
            Reads.class,
            PublishWhen.class,
            Build.class,
            Publish.class,
            OnDelete.class,
            AfterPublish.class,
            AfterDelete.class,
            OnDeadLetter.class,
            OnFollowUp.class,
            UsePolicy.class);

    private final Class<?> type;
    private final @Nullable Object hooks;
    private final TypeVariables variables;
    private final Set<Class<?>> hierarchy = new LinkedHashSet<>();

    /** Methods, each list being one and those that it overrides. */
    private final List<List<Method>> methods = new ArrayList<>();

    /** A method, the last that overrides it, or a field; with the annotations of one kind. */
    record Annotated<A extends Annotation>(HookSource source, Member member, List<A> annotations) {

        A annotation() {
            return annotations.get(0);
        }
    }

    private HookSource(Class<?> type, @Nullable Object hooks) {
        this.type = type;
        this.hooks = hooks;
        this.variables = TypeVariables.in(type);
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            hierarchy.add(c);
        }
        List.copyOf(hierarchy).forEach(this::addInterfaces);
        hierarchy.removeIf(Proxy::isProxyClass); // what it has is its interfaces', and its own module is closed
        hierarchy.forEach(this::addMethods);
    }

    /** An object, whose class may be a proxy's. */
    static HookSource of(Object hooks) {
        if (hooks instanceof Class<?> type) {
            throw new IllegalArgumentException("hooks must be objects, but " + type.getName()
                    + " is a class; make an instance, or name the class first and alone if it is the subject");
        }
        Class<?> type = hooks.getClass();
        while (type.getName().contains(GENERATED) && type.getSuperclass() != Object.class) {
            type = type.getSuperclass();
        }
        return new HookSource(type, hooks);
    }

    /** The subject's class, whose instance methods are called on subjects. */
    static HookSource ofSubject(Class<?> subject) {
        return new HookSource(subject, null);
    }

    private void addInterfaces(Class<?> c) {
        for (Class<?> implemented : c.getInterfaces()) {
            if (hierarchy.add(implemented)) {
                addInterfaces(implemented);
            }
        }
    }

    private void addMethods(Class<?> c) {
        for (Method method : c.getDeclaredMethods()) {
            if (!method.isSynthetic() && !(c.isInterface() && isStatic(method))) {
                methods.stream()
                        .filter(known -> known.stream().anyMatch(lower -> overrides(lower, method)))
                        .findFirst()
                        .orElseGet(() -> {
                            List<Method> own = new ArrayList<>();
                            methods.add(own);
                            return own;
                        })
                        .add(method);
            }
        }
    }

    private boolean overrides(Method lower, Method upper) {
        int hidden = Modifier.PRIVATE | Modifier.STATIC;
        return ((lower.getModifiers() | upper.getModifiers()) & hidden) == 0
                && lower.getDeclaringClass() != upper.getDeclaringClass()
                && lower.getName().equals(upper.getName())
                && parameters(lower).equals(parameters(upper))
                && ((upper.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0
                        || lower.getDeclaringClass().getPackage()
                                == upper.getDeclaringClass().getPackage());
    }

    private List<? extends Class<?>> parameters(Method method) {
        return Arrays.stream(method.getGenericParameterTypes())
                .map(variables::erase)
                .toList();
    }

    static boolean isStatic(Member member) {
        return Modifier.isStatic(member.getModifiers());
    }

    /** The class, that of the application and not of a proxy. */
    Class<?> type() {
        return type;
    }

    TypeVariables variables() {
        return variables;
    }

    /** The object; null where the subject's class has the hooks. */
    @Nullable
    Object hooks() {
        return hooks;
    }

    /** The class of the object, if it is a proxy's: what it does not override is not asked of the object behind it. */
    Optional<Class<?>> proxy() {
        return hooks == null || hooks.getClass() == type ? Optional.empty() : Optional.of(hooks.getClass());
    }

    /** The annotations of the class, or of the next of its superclasses and interfaces that has any. */
    <A extends Annotation> List<A> onType(Class<A> annotation) {
        return hierarchy.stream()
                .map(c -> List.of(c.getDeclaredAnnotationsByType(annotation)))
                .filter(found -> !found.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    /** Which annotations of hooks it has anywhere. */
    List<Class<? extends Annotation>> hooksFound() {
        return HOOKS.stream()
                .filter(hook -> !onType(hook).isEmpty()
                        || !methods(hook).isEmpty()
                        || !fields(hook).isEmpty())
                .toList();
    }

    <A extends Annotation> List<Annotated<A>> methods(Class<A> annotation) {
        List<Annotated<A>> result = new ArrayList<>();
        for (List<Method> overridden : methods) {
            overridden.stream()
                    .filter(method -> !isMeantForField(method, annotation))
                    .map(method -> List.of(method.getDeclaredAnnotationsByType(annotation)))
                    .filter(found -> !found.isEmpty())
                    .findFirst()
                    .ifPresent(found -> result.add(new Annotated<>(this, overridden.get(0), found)));
        }
        result.sort(Comparator.comparing(found -> found.member().toString()));
        return result;
    }

    /** Whether it is a record's accessor: it has the annotations that its component shares with its field. */
    private static boolean isMeantForField(Method method, Class<? extends Annotation> annotation) {
        return method.getDeclaringClass().isRecord()
                && method.getParameterCount() == 0
                && Arrays.stream(method.getDeclaringClass().getDeclaredFields())
                        .anyMatch(field ->
                                field.getName().equals(method.getName()) && field.isAnnotationPresent(annotation));
    }

    <A extends Annotation> List<Annotated<A>> fields(Class<A> annotation) {
        List<Annotated<A>> result = new ArrayList<>();
        for (Class<?> c : hierarchy) {
            for (Field field : c.getDeclaredFields()) {
                A found = field.getDeclaredAnnotation(annotation);
                if (found != null) {
                    result.add(new Annotated<>(this, field, List.of(found)));
                }
            }
        }
        return result;
    }

    /** A class's name, as short as people know it. */
    static String name(Class<?> c) {
        return c.getSimpleName().isEmpty() ? c.getName() : c.getSimpleName();
    }

    static String names(Collection<? extends Class<?>> classes) {
        return classes.stream().map(HookSource::name).collect(Collectors.joining(", ", "(", ")"));
    }
}
