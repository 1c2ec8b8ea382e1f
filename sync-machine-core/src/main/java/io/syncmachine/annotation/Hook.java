package io.syncmachine.annotation;

import io.syncmachine.FollowUp;
import io.syncmachine.Publication;
import io.syncmachine.annotation.HookSource.Annotated;
import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An annotated method, or a field to be read. What distinguishes the two forms of a declaration ends here: a method of an object is
 * bound to it, a method of the subject's class takes the subject first. Immutable.
 */
final class Hook<A extends Annotation> {

    private final Annotated<A> annotated;
    private final String machine;
    private final String description;
    private final Class<?> owner;
    private final boolean calledOnSubject;
    private final List<Type> parameters = new ArrayList<>();
    private final Type result;
    private final TypeVariables variables;
    private final MethodHandle call;

    /**
     * Makes it callable.
     *
     * @throws IllegalArgumentException if it cannot be called, saying why
     */
    Hook(String machine, Annotated<A> annotated) {
        this.annotated = annotated;
        HookSource source = annotated.source();
        Member member = annotated.member();
        owner = member.getDeclaringClass();
        variables = source.variables();
        calledOnSubject = source.hooks() == null && !HookSource.isStatic(member);
        if (calledOnSubject) {
            parameters.add(source.type());
        }
        String signature = "";
        if (member instanceof Method method) {
            parameters.addAll(List.of(method.getGenericParameterTypes()));
            result = method.getGenericReturnType();
            signature = HookSource.names(List.of(method.getParameterTypes()));
        } else {
            result = ((Field) member).getGenericType();
        }
        this.machine = machine;
        description = "@" + annotated.annotation().annotationType().getSimpleName() + " " + HookSource.name(owner) + "."
                + member.getName() + signature;
        source.proxy().filter(proxy -> passesBy(member)).ifPresent(proxy -> {
            throw wrong("is private, final or a field, which the proxy " + proxy.getName()
                    + " passes by; make it a method that can be overridden");
        });
        MethodHandle handle = handle(member);
        if (source.hooks() != null && !HookSource.isStatic(member)) {
            handle = handle.bindTo(source.hooks());
        }
        MethodHandle fixed = handle.asFixedArity();
        call = fixed.asType(MethodType.genericMethodType(fixed.type().parameterCount()))
                .asSpreader(Object[].class, fixed.type().parameterCount());
    }

    private static boolean passesBy(Member member) {
        int fixed = Modifier.PRIVATE | Modifier.FINAL;
        return !HookSource.isStatic(member) && (member instanceof Field || (member.getModifiers() & fixed) != 0);
    }

    private MethodHandle handle(Member member) {
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(owner, MethodHandles.lookup());
            return member instanceof Method method ? lookup.unreflect(method) : lookup.unreflectGetter((Field) member);
        } catch (IllegalAccessException e) {
            Module own = Hook.class.getModule();
            throw wrong(
                    "cannot be called; module " + owner.getModule().getName() + " must say: opens "
                            + owner.getPackageName() + (own.isNamed() ? " to " + own.getName() : "") + ";",
                    e);
        }
    }

    IllegalArgumentException wrong(String rule) {
        return wrong(rule, null);
    }

    private IllegalArgumentException wrong(String rule, @Nullable Throwable cause) {
        return new IllegalArgumentException(this + " " + rule, cause);
    }

    /** For a method that takes something else than what its annotation demands. */
    IllegalArgumentException mustTake(String what) {
        String taken =
                HookSource.names(parameters.stream().map(variables::erase).toList());
        return wrong("must take " + what + ", but takes " + taken
                + (calledOnSubject ? "; the first is the object that it is called on, unless it is static" : ""));
    }

    /** For a method that answers something else than what its annotation demands. */
    IllegalArgumentException mustAnswer(String what) {
        return wrong("must answer " + what + ", but answers " + answer());
    }

    private String answer() {
        return answersNothing() ? "nothing" : result.getTypeName();
    }

    List<A> annotations() {
        return annotated.annotations();
    }

    A annotation() {
        return annotated.annotation();
    }

    /** Whether it is called on the subject, which is then its first parameter. */
    boolean isCalledOnSubject() {
        return calledOnSubject;
    }

    int parameterCount() {
        return parameters.size();
    }

    /** The class of a parameter, a wrapper class for a primitive one. */
    Class<?> parameter(int index) {
        return boxed(variables.erase(parameters.get(index)));
    }

    /** Whether it can be called with objects of just these classes. */
    boolean takes(Class<?>... given) {
        if (given.length != parameters.size()) {
            return false;
        }
        for (int i = 0; i < given.length; i++) {
            if (!parameter(i).isAssignableFrom(given[i])) {
                return false;
            }
        }
        return true;
    }

    /** Whether it takes a publication and nothing else. */
    boolean takesPublication() {
        return parameters.size() == 1 && parameter(0) == Publication.class;
    }

    /** Whether it takes a follow-up and nothing else. */
    boolean takesFollowUp() {
        return parameters.size() == 1 && parameter(0) == FollowUp.class;
    }

    /** What a parameter says for a type parameter of its class; null if it does not say. */
    @Nullable
    Class<?> ofParameter(int index, Class<?> generic, int argument) {
        return variables.argument(parameters.get(index), generic, argument);
    }

    /** The class of what it answers, a wrapper class for a primitive one. */
    Class<?> result() {
        return boxed(variables.erase(result));
    }

    /** What a type parameter of its answer stands for; null if it does not say. */
    @Nullable
    Class<?> ofResult(Class<?> generic, int index) {
        return variables.argument(result, generic, index);
    }

    boolean answersNothing() {
        return result == void.class;
    }

    private static Class<?> boxed(Class<?> c) {
        return MethodType.methodType(c).wrap().returnType();
    }

    /** Calls it; what it throws is thrown. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // who calls it has compared the classes
    <R> @Nullable R call(@Nullable Object... arguments) throws Exception {
        try {
            return (R) call.invokeExact(arguments);
        } catch (Exception | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e); // neither exception nor error: nobody throws such things
        }
    }

    /** Which method of which class has which annotation. */
    String description() {
        return description;
    }

    @Override
    public String toString() {
        return "machine '" + machine + "': " + description;
    }
}
