package io.syncmachine.annotation;

import io.syncmachine.FollowUp;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.SyncMachine;
import io.syncmachine.SyncMachine.Finishing;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.SyncMachine.Publishing;
import io.syncmachine.annotation.HookSource.Annotated;
import io.syncmachine.function.CheckedFunction;
import java.lang.annotation.Annotation;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the annotations of some classes say, told to the builder. For one use. */
final class Declaration {

    private final List<HookSource> sources;
    private final SyncMachineFor declared;
    private final Class<?> subject;

    /** The first of the sources declares the machine. */
    Declaration(List<HookSource> sources) {
        this.sources = sources;
        HookSource first = sources.get(0);
        this.declared = first.onType(SyncMachineFor.class).stream().findFirst().orElseThrow(() -> undeclared(first));
        for (HookSource other : sources.subList(1, sources.size())) {
            if (!other.onType(SyncMachineFor.class).isEmpty()) {
                throw wrong("@SyncMachineFor is on " + name(other.type()) + " as well as on " + name(first.type())
                        + "; make a machine of each");
            }
        }
        this.subject = subject(first);
        refuseIdleHooks();
    }

    /** Annotations that nobody would heed are a mistake, and not a small one: a @PublishWhen, for instance. */
    private void refuseIdleHooks() {
        for (HookSource source : sources) {
            if (source != sources.get(0) && source.hooksFound().isEmpty()) {
                throw wrong(name(source.type()) + " has no hooks; annotate its methods, or leave it out");
            }
        }
        HookSource entity = HookSource.ofSubject(subject);
        if (entity.onType(SyncMachineFor.class).isEmpty()
                && !entity.hooksFound().isEmpty()) {
            throw wrong(name(subject) + " has @" + entity.hooksFound().get(0).getSimpleName()
                    + ", but does not declare the machine; move it to "
                    + name(sources.get(0).type()));
        }
    }

    private static IllegalArgumentException undeclared(HookSource source) {
        boolean hidden = source.hooks() != null && Proxy.isProxyClass(source.type());
        return new IllegalArgumentException(
                source.type().getName() + " has no @SyncMachineFor"
                        + (hidden
                                ? ": it is a proxy that shows only the interfaces "
                                        + HookSource.names(List.of(source.type().getInterfaces()))
                                        + "; annotate one of them, or let the proxy be a subclass"
                                : "; say @SyncMachineFor(subject = …, name = …) on the class, or on the subject's class and name that first"));
    }

    private Class<?> subject(HookSource first) {
        Class<?> said = declared.subject();
        if (first.hooks() != null && said == void.class) {
            throw wrong("@SyncMachineFor on " + name(first.type()) + " names no subject; say subject = …, or, if "
                    + name(first.type()) + " is the subject, make the machine of the class and not of an object");
        }
        if (first.hooks() == null && said != void.class && said != first.type()) {
            throw wrong("@SyncMachineFor on " + name(first.type()) + " names the subject " + name(said)
                    + "; make the machine of an object: AnnotatedMachine.of(new " + name(first.type()) + "(…))");
        }
        return said == void.class ? first.type() : said;
    }

    private static String name(Class<?> c) {
        return HookSource.name(c);
    }

    private String machineName() {
        return "machine '" + declared.name() + "'";
    }

    private IllegalArgumentException wrong(String rule) {
        return new IllegalArgumentException(machineName() + ": " + rule);
    }

    SyncMachine<?, ?> machine() {
        refuseOnSubject(OnDelete.class, "is called on a subject that is gone");
        refuseOnSubject(AfterDelete.class, "is called on a subject that is gone");
        refuseOnSubject(OnDeadLetter.class, "is called without the subject");
        refuseOnSubject(OnFollowUp.class, "is called without the subject");
        return machine(subject, idType());
    }

    private void refuseOnSubject(Class<? extends Annotation> annotation, String why) {
        hooks(annotation).stream().filter(Hook::isCalledOnSubject).findFirst().ifPresent(hook -> {
            throw hook.wrong(why + "; make it static, or a method of an object beside it");
        });
    }

    private <S, ID> SyncMachine<S, ID> machine(Class<S> subject, Class<ID> idType) {
        Listening<S, ID> listening = SyncMachine.define(declared.name(), subject, idType);
        listenToSubject(listening, subject);
        for (Hook<ListenTo> finder : hooks(ListenTo.class)) {
            Finders.listenTo(listening, idType, finder, Finders.entity(finder));
        }
        for (Hook<ListenToEvent> finder : hooks(ListenToEvent.class)) {
            Finders.listenToEvents(listening, idType, finder, Finders.entity(finder));
        }
        one(PublishWhen.class).ifPresent(hook -> publishWhen(listening, hook, subject));
        Hook<Build> build = need(Build.class, "a method that takes the subject and answers its document");
        return publish(listening, subject, idType, build.result(), build);
    }

    private <S, ID> void listenToSubject(Listening<S, ID> listening, Class<S> subject) {
        for (HookSource source : sources) {
            List<ListenTo> onType = source.onType(ListenTo.class);
            List<String> properties = new ArrayList<>();
            for (Annotated<ListenTo> field : source.fields(ListenTo.class)) {
                properties.add(property(field, onType));
            }
            onType.forEach(all -> properties.addAll(List.of(all.value())));
            if (!onType.isEmpty() || !properties.isEmpty()) {
                listening.listenTo(subject, properties.toArray(String[]::new));
            }
            source.onType(ListenToEvent.class).forEach(event -> listening.listenToEvent(event.value()));
            source.onType(Reads.class).forEach(reads -> listening.reads(reads.policy(), reads.value()));
        }
    }

    private String property(Annotated<ListenTo> field, List<ListenTo> onType) {
        Class<?> owner = field.member().getDeclaringClass();
        String where = "@ListenTo " + name(owner) + "." + field.member().getName();
        if (field.source().hooks() != null) {
            throw wrong(
                    where + " is a field, which is for the properties of a subject whose class declares the machine; "
                            + "say @ListenTo({…}) on the class for the subject, or on a method that takes another entity and answers subject ids");
        }
        if (field.annotation().value().length > 0) {
            throw wrong(where + " names properties, but is on one; say just @ListenTo");
        }
        if (onType.stream().anyMatch(all -> all.value().length == 0)) {
            throw wrong(where
                    + " listens to one property, but @ListenTo on the class listens to all; leave out one of them");
        }
        return field.member().getName();
    }

    private static <S> void publishWhen(Listening<S, ?> listening, Hook<?> hook, Class<S> subject) {
        if (!hook.takes(subject)) {
            throw hook.mustTake(HookSource.names(List.of(subject)));
        }
        if (hook.result() != Boolean.class) {
            throw hook.mustAnswer("a boolean");
        }
        listening.publishWhen(value -> Objects.requireNonNull(hook.<Boolean>call(value)));
    }

    private <S, ID, D> SyncMachine<S, ID> publish(
            Listening<S, ID> listening, Class<S> subject, Class<ID> idType, Class<D> document, Hook<?> build) {
        if (!build.takes(subject)) {
            throw build.mustTake(HookSource.names(List.of(subject)));
        }
        if (build.answersNothing()) {
            throw build.mustAnswer("the document");
        }
        CheckedFunction<S, D> builder = build::call;
        Publishing<S, ID, D> publishing =
                document == Object.class ? listening.build(builder) : listening.build(document, builder);
        Hook<Publish> publish =
                need(Publish.class, "a method that takes the subject and its document, or a Publication");
        PublishingHooks hooks = new PublishingHooks(subject, idType, document);
        Finishing<S, ID, D> finishing = hooks.publish(publishing, publish);
        if (publish.annotation().remoteIdsFromApi()) {
            finishing.remoteIdsFromApi();
        }
        one(OnDelete.class).ifPresent(hook -> hooks.onDelete(finishing, hook));
        one(AfterPublish.class).ifPresent(hook -> hooks.afterPublish(finishing, hook));
        one(AfterDelete.class).ifPresent(hook -> hooks.afterDelete(finishing, hook));
        one(OnDeadLetter.class).ifPresent(hook -> hooks.onDeadLetter(finishing, hook));
        one(OnFollowUp.class).ifPresent(hook -> hooks.onFollowUp(finishing, hook));
        policy().ifPresent(finishing::policy);
        return finishing.done();
    }

    private Optional<Policy> policy() {
        return one(UsePolicy.class).map(hook -> {
            if (hook.parameterCount() > 0) {
                throw hook.mustTake("nothing");
            }
            if (hook.result() != Policy.class) {
                throw hook.mustAnswer("a Policy");
            }
            Policy policy;
            try {
                policy = hook.call();
            } catch (Exception e) {
                throw new IllegalArgumentException(hook + " failed: " + e.getMessage(), e);
            }
            if (policy == null) {
                throw hook.wrong("is null; it is read when the machine is made");
            }
            return policy;
        });
    }

    /** The id's class, as the declaration or one of the hooks says it. */
    private Class<?> idType() {
        if (declared.idType() != void.class) {
            return declared.idType();
        }
        List<Hook<?>> telling = new ArrayList<>();
        telling.addAll(hooks(OnDelete.class));
        telling.addAll(hooks(Publish.class));
        telling.addAll(hooks(ListenTo.class));
        telling.addAll(hooks(ListenToEvent.class));
        telling.addAll(hooks(AfterDelete.class));
        telling.addAll(hooks(OnDeadLetter.class));
        telling.addAll(hooks(OnFollowUp.class));
        return telling.stream()
                .map(Declaration::told)
                .filter(id -> id != null && id != Object.class && id != Void.class)
                .findFirst()
                .orElseThrow(() -> wrong("no hook names the class of the id of " + name(subject)
                        + "; say idType = … in @SyncMachineFor"));
    }

    private static @Nullable Class<?> told(Hook<?> hook) {
        if (hook.takesPublication()) {
            return hook.ofParameter(0, Publication.class, 1);
        } else if (hook.takesFollowUp()) {
            return hook.ofParameter(0, FollowUp.class, 0);
        } else if (hook.annotation() instanceof OnFollowUp) {
            return null;
        } else if (hook.annotation() instanceof OnDelete
                || hook.annotation() instanceof AfterDelete
                || hook.annotation() instanceof OnDeadLetter) {
            return hook.parameterCount() > 0 ? hook.parameter(0) : null;
        }
        return hook.annotation() instanceof Publish ? null : Finders.foundIds(hook);
    }

    private <A extends Annotation> List<Hook<A>> hooks(Class<A> annotation) {
        return sources.stream()
                .flatMap(source -> Stream.concat(
                        source.methods(annotation).stream(),
                        annotation == UsePolicy.class ? source.fields(annotation).stream() : Stream.of()))
                .map(found -> new Hook<>(declared.name(), found))
                .toList();
    }

    private <A extends Annotation> Optional<Hook<A>> one(Class<A> annotation) {
        List<Hook<A>> found = hooks(annotation);
        if (found.size() > 1) {
            throw new IllegalStateException(
                    found.get(0) + " says what " + found.get(1).description() + " says too; leave one of them");
        }
        return found.stream().findFirst();
    }

    private <A extends Annotation> Hook<A> need(Class<A> annotation, String what) {
        return one(annotation)
                .orElseThrow(() -> new IllegalStateException(
                        machineName() + " has no @" + annotation.getSimpleName() + "; annotate " + what));
    }
}
