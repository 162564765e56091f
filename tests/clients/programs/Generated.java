// Java has no javax.annotation.Generated since version 11; a build tool would fetch it.
package javax.annotation;

public @interface Generated {
    String[] value();
    String date() default "";
    String comments() default "";
}
